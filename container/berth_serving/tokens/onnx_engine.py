"""BERT and its like on CPU, by ONNX Runtime."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx import ModelProto
from safetensors import safe_open

from ..errors import LoadError, OutOfMemory
from .arrays import Array, Head, parts
from .families import Family, Unsupported, family
from .graph import build

__all__ = ["OnnxEngine", "Unsupported"]

_MOST = 256  # tokens of a part: intermediate results stay in the core's own cache
_NOTHING = np.finfo(np.float32).min


class OnnxEngine:
    """An engine for one model.

    Args:
        folder: holds model.safetensors.
        config: the content of config.json.
        head: what it computes.
        threads: the number of threads.
        precision: `float32`, or `int8` for the layers' matrices. As the range of int8's
            activations depends on all that is multiplied, each row is then computed alone.

    Raises:
        Unsupported: if the graph cannot compute this model.
        LoadError: if a weight is missing.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        *,
        head: Head = Head.TAGS,
        threads: int,
        precision: str,
    ) -> None:
        shape = family(config)
        int8 = precision == "int8"
        self._heads = shape.heads
        self._most = 1 if int8 else _MOST
        self._head = head
        self._session = _session(
            folder / "model.safetensors", shape, head=head, threads=threads, int8=int8
        )

    def compute(self, rows: Sequence[Array]) -> list[Array]:
        """Compute the head of each row of token ids."""
        results: list[Array] = [np.empty(0)] * len(rows)
        for part in parts([len(row) for row in rows], most=self._most):
            chosen = [rows[index] for index in part]
            found = self._run(chosen)
            if self._head is not Head.CLASSES:
                ends = np.cumsum([len(row) for row in chosen])[:-1]
                found = np.split(found, ends)
            for index, result in zip(part, found, strict=True):
                results[index] = result
        return results

    def _run(self, rows: Sequence[Array]) -> Any:
        try:
            given = feed(rows, self._heads)
            if self._head is Head.CLASSES:
                lengths = np.array([0, *(len(row) for row in rows[:-1])], np.int32)
                given["firsts"] = np.cumsum(lengths, dtype=np.int32)
            (found,) = self._session.run(None, given)
        except MemoryError as error:
            raise OutOfMemory(str(error)) from error
        except RuntimeError as error:
            if "allocate" in str(error) or "bad_alloc" in str(error):
                raise OutOfMemory(str(error)) from error
            raise
        return found


def feed(rows: Sequence[Array], heads: int) -> dict[str, Array]:
    """Concatenate rows of token ids, and return the inputs of the graph.

    These are `ids` and `positions` of the tokens; `heads` [rows, heads, longest], the index of the
    query of each place in the joint query, key and value; `back` [tokens, heads], the index of each
    token's heads in the attended heads; and `mask`, which is added to the scores of each place.
    """
    lengths = np.array([len(row) for row in rows], np.int32)
    longest = int(lengths.max())
    places = np.arange(longest, dtype=np.int32)
    taken = places < lengths[:, None]
    first = np.cumsum(lengths, dtype=np.int32) - lengths
    tokens = np.where(taken, first[:, None] + places, np.int32(0))
    head = np.arange(heads, dtype=np.int32)
    row, position = taken.nonzero()
    position = position.astype(np.int32)
    ahead = row.astype(np.int32) * np.int32(heads * longest) + position
    return {
        "ids": np.concatenate(rows),
        "positions": position,
        "heads": tokens[:, None] * np.int32(3 * heads) + head[:, None],
        "back": ahead[:, None] + head * np.int32(longest),
        "mask": np.where(taken, np.float32(0), _NOTHING)[:, None, None],
    }


def _session(
    weights: Path, shape: Family, *, head: Head, threads: int, int8: bool
) -> onnxruntime.InferenceSession:
    with safe_open(weights, framework="np") as tensors:
        names = set(tensors.keys())

        def take(name: str) -> Array:
            full = name if name in names else shape.prefix + name
            try:
                kind = tensors.get_slice(full).get_dtype()
            except Exception as error:
                raise LoadError(f"{weights}: has no {full}: {error}") from error
            if kind not in {"F32", "F16"}:
                raise Unsupported(f"its weights are {kind}")
            return tensors.get_tensor(full).astype(np.float32)  # type: ignore[no-any-return]

        model, graph = build(shape, take, head=head, int8=int8)
    return session_of(model, graph.weights, threads=threads)


def session_of(
    model: ModelProto, weights: Mapping[str, Array], *, threads: int
) -> onnxruntime.InferenceSession:
    """Load a graph and its weights into ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it would keep one for every shape
    options.log_severity_level = 3
    values = {
        name: onnxruntime.OrtValue.ortvalue_from_numpy(each) for name, each in weights.items()
    }
    options.add_external_initializers(list(values), list(values.values()))
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
