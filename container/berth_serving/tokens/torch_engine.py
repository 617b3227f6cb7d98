"""Computes any encoder by torch: on GPU in half precision, on CPU in float32."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from packaging.version import Version

from ..errors import Broken, LoadError, OutOfMemory, one_line
from .arrays import Array, Head, parts

_CLASSES = {
    Head.TAGS: "AutoModelForTokenClassification",
    Head.CLASSES: "AutoModelForSequenceClassification",
    Head.STATES: "AutoModel",
}
# The types whose attention leaves padding out. In others (convolutions, Fourier transforms, means
# of segments) it changes a row's results: their rows share a part only with rows of their length.
_PADDED = {
    *("albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra"),
    *("mobilebert", "modernbert", "mpnet", "rembert", "roberta", "xlm-roberta", "xlm-roberta-xl"),
}
# transformers' name for it until 4.55; what it does not know it takes for a key of the config.
_DTYPE = "dtype" if Version(transformers.__version__) >= Version("4.56") else "torch_dtype"
_MOST_ON_GPU, _MOST_ON_CPU = 16_384, 512  # tokens of a part, with padding


class TorchEngine:
    """An engine for one model, on GPU if there is one; `pad` is the token id to pad with."""

    def __init__(self, folder: Path, *, head: Head = Head.TAGS, threads: int, pad: int) -> None:
        torch.set_num_threads(threads)
        on_gpu = torch.cuda.is_available()
        self._pad, self._head = pad, head
        self._device = torch.device("cuda" if on_gpu else "cpu")
        self._most = _MOST_ON_GPU if on_gpu else _MOST_ON_CPU
        try:
            model: Any = getattr(transformers, _CLASSES[head]).from_pretrained(
                folder, local_files_only=True, **{_DTYPE: _precision(on_gpu=on_gpu)}
            )
        except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
            raise LoadError(f"{folder}: {one_line(error)}") from error
        self._model = model.eval().to(self._device)
        self._pads = model.config.model_type in _PADDED

    def compute(self, rows: Sequence[Array]) -> list[Array]:
        """Compute the head of each row of token ids."""
        results: list[Array] = [np.empty(0)] * len(rows)
        lengths = [len(row) for row in rows]
        with _faults(), torch.inference_mode():
            # The GPU gets all parts before the first result is awaited.
            done = [
                (part, self._computed([rows[index] for index in part]))
                for part in parts(lengths, most=self._most, pads=self._pads)
            ]
            for part, computed in done:
                found = computed.cpu().numpy()
                for line, index in enumerate(part):
                    is_row = self._head is Head.CLASSES
                    results[index] = found[line] if is_row else found[line, : len(rows[index])]
        return results

    def _computed(self, rows: Sequence[Array]) -> torch.Tensor:
        ids = np.full((len(rows), max(map(len, rows))), self._pad, np.int64)
        mask = np.zeros_like(ids)
        for line, row in enumerate(rows):
            ids[line, : len(row)] = row
            mask[line, : len(row)] = 1
        given = {"input_ids": ids, "attention_mask": mask}
        moved = {
            name: torch.from_numpy(array).to(self._device, non_blocking=True)
            for name, array in given.items()
        }
        computed = self._model(**moved)
        if self._head is Head.STATES:
            return computed.last_hidden_state.float()  # type: ignore[no-any-return]
        logits: torch.Tensor = computed.logits.float()
        return logits.softmax(-1) if self._head is Head.TAGS else logits


def _precision(*, on_gpu: bool) -> torch.dtype:
    if not on_gpu:
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


@contextmanager
def _faults() -> Iterator[None]:
    """Convert torch's errors to those of the server."""
    try:
        yield
    except (torch.cuda.OutOfMemoryError, MemoryError) as error:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise OutOfMemory(one_line(error)) from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error):  # raised by the allocator of the CPU
            raise OutOfMemory(one_line(error)) from error
        if type(error).__name__ == "AcceleratorError" or "CUDA error" in str(error):
            raise Broken(one_line(error)) from error
        raise
