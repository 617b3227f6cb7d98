"""Converts a request's body to the input of a pyfunc.

MLflow's own functions read its four shapes and CSV, so that they mean the same as to MLflow's
server. This module imports MLflow and pandas, which takes seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import Model as Metadata
from mlflow.pyfunc.scoring_server import infer_and_parse_data, parse_csv_input
from mlflow.types.schema import DataType

from ..codecs.arrays import read_npy
from ..codecs.documents import read_json, read_lines, text_of
from ..codecs.media import CSV, JSON, LINES, NPY, Format
from ..codecs.parquet import read_parquet
from ..codecs.text_bodies import check_document, read_texts, strings
from ..errors import RequestError, malformed, one_line, wrong_schema

# In numpy's arrays, every string takes the memory of the longest, four bytes per character: a few
# long strings among many short ones could exceed the machine's memory.
_MOST_BYTES = 1024**3
# Bodies that MLflow passes on whole, but for the model's parameters: those of ChatModel, ChatAgent,
# ResponsesAgent and LangChain (mlflow/pyfunc/utils/serving_data_parser.py).
_CHATS = {"messages", "prompt", "input"}


@dataclass(frozen=True, slots=True)
class Signature:
    """The input of a model: MLflow's `Schema`, if it has one, and whether a type hint made it."""

    schema: Any = None
    by_type_hint: bool = False
    params: frozenset[str] = frozenset()
    """The names of its parameters."""

    @classmethod
    def of(cls, metadata: Metadata) -> "Signature":
        """Read the signature of a loaded model."""
        params = metadata.get_params_schema()
        return cls(
            metadata.get_input_schema(),
            metadata._is_signature_from_type_hint(),
            frozenset(param.name for param in params.params) if params else frozenset(),
        )

    @property
    def text_column(self) -> str | None:
        """The name of the only column, if it has strings; `text` if it has no name."""
        inputs = self.schema.inputs if self.schema else []
        if len(inputs) != 1 or inputs[0].type != DataType.string:
            return None
        return inputs[0].name or "text"


@dataclass(frozen=True, slots=True)
class Input:
    """The arguments of a pyfunc's `predict`; `texts` is the number of plain texts.

    bare: its prediction is the response, as it is for `messages`, `prompt` and `input`.
    """

    data: Any
    params: dict[str, Any] | None = None
    texts: int | None = None
    bare: bool = False


def read(body: bytes, given: Format, signature: Signature) -> Input:
    """Read a body for a model with this signature; RequestError with the place of a fault."""
    if given.kind == JSON:
        return _of_document(read_json(body), signature)
    if (column := signature.text_column) is not None:
        return of_texts(read_texts(body, given, column).texts, signature)
    if given.kind == LINES:
        return Input(_of_lines([value for _, value in read_lines(body)], signature))
    if given.kind == CSV:
        return Input(_of_csv(text_of(body), signature))
    if given.kind == NPY:
        return Input(_of_array(read_npy(body), signature))
    return Input(read_parquet(body).to_pandas())


def of_texts(texts: list[str], signature: Signature, params: dict[str, Any] | None = None) -> Input:
    """Convert texts to the form of the signature."""
    schema = signature.schema
    data: Any = texts
    if not signature.by_type_hint and (not schema or schema.has_input_names()):
        names = schema.input_names() if schema else ["text"]
        data = pd.DataFrame({names[0] if len(names) == 1 else "text": texts})
    return Input(data, params, len(texts))


def bad_input(error: MlflowException) -> RequestError | None:
    """Return the error for an exception by which MLflow or the model refuses an input."""
    if error.error_code not in {"INVALID_PARAMETER_VALUE", "BAD_REQUEST"}:
        return None
    return wrong_schema(_said(error))


def _of_document(document: Any, signature: Signature) -> Input:
    if isinstance(document, dict) and document.keys() & _CHATS:
        given = {key: value for key, value in document.items() if key in signature.params}
        rest = {key: value for key, value in document.items() if key not in given}
        return Input(rest, given, bare=True)
    shape, params = check_document(document)
    if shape == "text":
        return of_texts(strings(document[shape], shape), signature, params)
    if signature.by_type_hint:
        # As in MLflow, such a model checks its input by its type hint.
        if shape != "inputs":
            raise wrong_schema("this model takes inputs only, as its signature is a type hint")
        return Input(document[shape], params)
    return Input(_of_shape(shape, document[shape], signature), params)


def _of_shape(shape: str, value: Any, signature: Signature) -> Any:
    if shape in {"instances", "inputs"}:
        _check_room(value, shape)
    try:
        return infer_and_parse_data({shape: value}, signature.schema)
    except Exception as error:  # pandas and numpy may raise anything for a wrong body
        raise wrong_schema(_said(error), where=shape) from error


def _of_lines(values: list[Any], signature: Signature) -> Any:
    if signature.by_type_hint:
        return values
    records = all(isinstance(value, dict) for value in values)
    return _of_shape("dataframe_records" if records else "instances", values, signature)


def _of_csv(text: str, signature: Signature) -> Any:
    try:
        return parse_csv_input(StringIO(text), signature.schema)
    except MlflowException as error:
        raise malformed(_said(error)) from error


def _of_array(array: Any, signature: Signature) -> Any:
    """Give the columns of an array the names in the signature."""
    schema = signature.schema
    if not schema or not schema.has_input_names():
        return array
    names = schema.input_names()
    if schema.is_tensor_spec():
        if len(names) > 1:
            raise wrong_schema(f"this model takes several arrays, by name: {', '.join(names)}")
        return {names[0]: array}
    if array.ndim != 2 or array.shape[1] != len(names):
        raise wrong_schema(
            f"must have a row for each record and {len(names)} columns ({', '.join(names)}); its "
            f"shape is {array.shape}"
        )
    return pd.DataFrame(array, columns=names)


def _check_room(value: Any, where: str) -> None:
    lengths = np.fromiter(map(len, _strings_in(value)), dtype=np.int64)
    room = 4 * len(lengths) * int(lengths.max(initial=0))
    if room > _MOST_BYTES:
        raise wrong_schema(
            f"its {len(lengths)} strings, the longest of {lengths.max()} characters, make an "
            f"array of {room} bytes; send them as dataframe_split, or in several requests",
            where=where,
        )


def _strings_in(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _said(error: Exception) -> str:
    """Return the message in one line; MLflow's without the data that it quotes."""
    message = error.message if isinstance(error, MlflowException) else str(error)
    return one_line(ValueError(message.rpartition("Error: ")[2]))
