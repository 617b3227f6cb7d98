"""Writes a folder as infinity's engine for ONNX takes it: the model, and torch's export of it.

optimum's own export needs an older torch than the one that all servers share.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoModelForSequenceClassification

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def main() -> None:
    """Take the task, the model's folder and the one to write as arguments."""
    task, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    shutil.copytree(source, target)
    # The name that transformers 4 knows.
    record = target / "tokenizer_config.json"
    tokenizer = json.loads(record.read_text()) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    record.write_text(json.dumps(tokenizer))
    kind: Any = AutoModelForSequenceClassification if task == "classes" else AutoModel
    model = kind.from_pretrained(source, attn_implementation="eager", use_cache=False).eval()
    output = "logits" if task == "classes" else "last_hidden_state"
    axes = {name: {0: "batch", 1: "tokens"} for name in _INPUTS}
    ids = torch.ones(2, 8, dtype=torch.int64)
    torch.onnx.export(
        _Only(model, output),
        (ids, ids, torch.zeros_like(ids)),
        str(target / "model.onnx"),
        input_names=list(_INPUTS),
        output_names=[output],
        dynamic_axes={**axes, output: {0: "batch"} if task == "classes" else axes["input_ids"]},
        opset_version=17,
        dynamo=False,
    )


class _Only(torch.nn.Module):
    """A model of the three inputs, and of one output."""

    def __init__(self, model: torch.nn.Module, output: str) -> None:
        super().__init__()
        self._model, self._output = model, output

    def forward(self, *given: torch.Tensor) -> Any:
        """Compute the output."""
        return self._model(**dict(zip(_INPUTS, given, strict=True)))[self._output]


if __name__ == "__main__":
    main()
