"""`berth pack --convert`: the files that the server loads, made of those that it does not."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file

from model.converting import convert
from model.folder import ModelFolderError
from stacks.model_layout import LayoutError, check_layout

pytestmark = pytest.mark.slow

SIZES: dict[str, Any] = {
    "vocab_size": 7,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
}


@pytest.fixture
def model(tmp_path: Path) -> transformers.BertForTokenClassification:
    folder = tmp_path / "model"
    made = transformers.BertForTokenClassification(transformers.BertConfig(**SIZES))
    made.save_pretrained(folder, max_shard_size="2KB")
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nanna\nberlin\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    return made


@pytest.mark.parametrize("pickled", [True, False])
def test_an_older_tokenizer_and_other_weights_become_what_is_loaded(
    tmp_path: Path, model: transformers.BertForTokenClassification, *, pickled: bool
) -> None:
    folder = tmp_path / "model"
    if pickled:
        for file in folder.glob("model*"):
            file.unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(LayoutError):
        check_layout(folder)
    tokenizer, weights = convert(folder)
    assert tokenizer.endswith("tokenizer.json: written")
    old = "pytorch_model.bin" if pickled else "model-00001-of-"
    assert f"model.safetensors: written; delete {old}" in weights
    assert check_layout(folder) == "encoder"
    expected = model.state_dict()
    found = load_file(folder / "model.safetensors")
    assert all(torch.equal(found[name], expected[name]) for name in found)
    assert convert(folder) == []


def test_what_transformers_cannot_read_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelFolderError, match="names no architecture") as caught:
        convert(tmp_path)
    assert "\n" not in str(caught.value)
