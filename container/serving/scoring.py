"""From a request's body to what a pyfunc takes, and from what it returns to an answer's body.

MLflow's four shapes and CSV are read by MLflow's own helpers, so that they mean what they mean to
MLflow's own server. Importing this module imports MLflow and pandas: seconds.
"""

import json
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import Model as Metadata
from mlflow.pyfunc.scoring_server import infer_and_parse_data, parse_csv_input
from mlflow.utils.proto_json_utils import NumpyEncoder, _get_jsonable_obj

from .errors import RequestError, malformed, wrong_schema
from .media import CSV

SHAPES = ("dataframe_split", "dataframe_records", "instances", "inputs")
_TAKEN = f"an object with exactly one of text, {', '.join(SHAPES)}, and perhaps params"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model says that it takes: MLflow's `Schema` or `None`, and whether by a type hint."""

    schema: Any = None
    by_type_hint: bool = False

    @classmethod
    def of(cls, metadata: Metadata) -> "Signature":
        """Read the signature of a loaded model."""
        return cls(metadata.get_input_schema(), metadata._is_signature_from_type_hint())


@dataclass(frozen=True, slots=True)
class Input:
    """What goes to a pyfunc's `predict`; `texts` says how many answers plain texts expect."""

    data: Any
    params: dict[str, Any] | None = None
    texts: int | None = None


def parse(body: bytes, media_type: str, signature: Signature) -> Input:
    """Read a body for a model with this signature.

    Raises:
        RequestError: 400, with the place of the fault where there is one to name.
    """
    if media_type == CSV:
        return Input(_csv(body, signature))
    document = _document(body)
    params = document.pop("params", None)
    if params is not None and not isinstance(params, dict):
        raise wrong_schema("must be an object", where="params")
    if len(document) != 1 or next(iter(document)) not in {"text", *SHAPES}:
        given = ", ".join(map(repr, document)) or "none"
        raise wrong_schema(f"the body must be {_TAKEN}; these were given: {given[:200]}")
    if "text" in document:
        texts = _texts(document["text"])
        return Input(_as_column(texts, signature), params, len(texts))
    return Input(_mlflow_shape(document, signature), params)


def render(predictions: Any) -> bytes:
    """Write `{"predictions": …}` as MLflow's server does, but NaN and infinities as null.

    Raises:
        TypeError, ValueError: for predictions that JSON cannot hold.
    """
    document = {"predictions": _get_jsonable_obj(predictions, pandas_orient="records")}
    try:
        text = json.dumps(document, cls=_Encoder, allow_nan=False)
    except ValueError:
        # MLflow's server would write NaN, which is not JSON.
        with_nan = json.dumps(document, cls=_Encoder)
        text = json.dumps(json.loads(with_nan, parse_constant=lambda _: None))
    return text.encode()


def one_line(error: BaseException) -> str:
    """Return an error's message in one line, MLflow's without the data that it quotes."""
    message = error.message if isinstance(error, MlflowException) else str(error)
    return " ".join(message.rpartition("Error: ")[2].split())[:1000] or type(error).__name__


class _Encoder(NumpyEncoder):
    """MLflow's encoder, and tables and missing values inside of lists and objects."""

    def default(self, o: Any) -> Any:
        if o is pd.NA:
            return None
        if isinstance(o, pd.DataFrame | pd.Series):
            return _get_jsonable_obj(o, pandas_orient="records")
        return NumpyEncoder.default(self, o)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
        if b"\\u" in body:  # may be half of a surrogate pair, which no text can hold
            json.dumps(document, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise malformed(f"the body is not JSON: {error.msg}", where=where) from error
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise malformed(f"the body is not UTF-8: {error.reason}") from error
    except (ValueError, RecursionError) as error:
        raise malformed(f"the body cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise wrong_schema(f"the body must be {_TAKEN}")
    return document


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise wrong_schema("must be a string or a list of strings", where="text")
    for index, text in enumerate(value):
        if not isinstance(text, str):
            raise wrong_schema("must be a string", where=f"text[{index}]")
    return value


def _as_column(texts: list[str], signature: Signature) -> Any:
    """Give the texts the form that the model's signature asks for."""
    schema = signature.schema
    if signature.by_type_hint or (schema and not schema.has_input_names()):
        return texts
    names = schema.input_names() if schema else ["text"]
    return pd.DataFrame({names[0] if len(names) == 1 else "text": texts})


def _mlflow_shape(document: dict[str, Any], signature: Signature) -> Any:
    shape = next(iter(document))
    if signature.by_type_hint:
        # As MLflow: such a model checks its input itself, by its type hint.
        if shape != "inputs":
            raise wrong_schema("this model takes inputs only, as its signature is a type hint")
        return document["inputs"]
    try:
        return infer_and_parse_data(document, signature.schema)
    except (
        Exception
    ) as error:  # pandas and numpy raise anything, and it is the body that is at fault
        raise wrong_schema(one_line(error), where=shape) from error


def _csv(body: bytes, signature: Signature) -> Any:
    try:
        return parse_csv_input(StringIO(body.decode()), signature.schema)
    except UnicodeDecodeError as error:
        raise malformed(f"the body is not UTF-8: {error.reason}") from error
    except MlflowException as error:
        raise malformed(one_line(error)) from error


def bad_input(error: MlflowException) -> RequestError | None:
    """Return the 400 for what MLflow, or a model through it, says of an input, or else `None`."""
    if error.error_code not in {"INVALID_PARAMETER_VALUE", "BAD_REQUEST"}:
        return None
    return wrong_schema(one_line(error))
