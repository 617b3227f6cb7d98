"""The defaults for handlers that a model does not define."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..codecs.arrays import read_npy
from ..codecs.documents import read_csv, read_json, read_lines
from ..codecs.media import CSV, JSON, LINES, NPY, Format
from ..codecs.parquet import read_parquet
from ..codecs.text_bodies import read_texts
from ..config import Settings
from ..errors import LoadError
from . import frameworks
from .classifier import engine_of, is_encoder
from .text_model import TextPredictor

Read = Callable[[bytes, Format], Any]
Predict = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Defaults:
    """A model and the defaults for its handlers.

    Attributes:
        model: the argument of predict_fn.
        read: the default for input_fn.
        predict: the default for predict_fn, if there is one.
        data: converts what `read` returned to the argument of a predict_fn.
    """

    model: Any
    read: Read
    predict: Predict | None
    data: Callable[[Any], Any] = lambda read: read


def of_model(model: Any) -> Defaults:
    """The defaults beside a model_fn: they call the model's `predict`, or the model itself."""
    if frameworks.is_torch(model):
        return Defaults(
            model,
            lambda body, given: frameworks.tensor_of(read_body(body, given), given),
            lambda data: frameworks.call_module(model, data),
        )
    if frameworks.is_sklearn(model):
        return Defaults(
            model,
            lambda body, given: frameworks.array_of(read_body(body, given), given, rows=True),
            getattr(model, "predict", None),
        )
    if callable(predict := getattr(model, "predict", None)):
        return Defaults(model, read_body, predict)
    return Defaults(model, read_body, _calling(model) if callable(model) else None)


def of_folder(settings: Settings, file: Path) -> Defaults:
    """The defaults without a model_fn: the MLflow model or the classifier in the folder."""
    folder = settings.model_dir
    if (folder / "MLmodel").exists():
        return _of_pyfunc(folder)
    if is_encoder(folder):
        model = TextPredictor(engine_of(folder, settings))
        return Defaults(model, lambda body, given: read_texts(body, given).texts, model)
    raise LoadError(
        f"{file}: no model_fn, and {folder} holds neither an MLflow model (MLmodel) nor an "
        "encoder that transformers saved (config.json)"
    )


def read_body(body: bytes, given: Format) -> Any:
    """Read a body by its type.

    JSON becomes its value, JSON lines a list of values, CSV an array if all cells are numbers or
    else a list of rows of strings, NPY an array, and parquet a DataFrame of pandas, or a pyarrow
    table if the image has no pandas.
    """
    if given.kind == JSON:
        return read_json(body)
    if given.kind == LINES:
        return [value for _, value in read_lines(body)]
    if given.kind == CSV:
        return _numbers([row for _, row in read_csv(body)])
    if given.kind == NPY:
        return read_npy(body)
    table = read_parquet(body)
    return table.to_pandas() if find_spec("pandas") else table


def _numbers(rows: list[list[str]]) -> Any:
    if not rows or len({len(row) for row in rows}) > 1 or not find_spec("numpy"):
        return rows
    import numpy as np  # noqa: PLC0415

    try:
        return np.array([[float(cell) for cell in row] for row in rows])
    except ValueError:
        return rows


def _calling(model: Callable[..., Any]) -> Predict:
    """Call the model with the `inputs` and `parameters` of a document, as Hugging Face does."""

    def predict(data: Any) -> Any:
        if not isinstance(data, dict) or not data.keys() & {"inputs", "text"}:
            return model(data)
        parameters = data.get("parameters")
        return model(
            data["inputs"] if "inputs" in data else data["text"],
            **(parameters if isinstance(parameters, dict) else {}),
        )

    return predict


def _of_pyfunc(folder: Path) -> Defaults:
    from .pyfunc import PyfuncModel  # noqa: PLC0415 - it imports MLflow: seconds
    from .scoring import Input  # noqa: PLC0415

    model = PyfuncModel(folder)

    def predict(data: Any) -> Any:
        read = data if isinstance(data, Input) else Input(data)
        return [] if read.texts == 0 else model.predict(read)

    return Defaults(model.loaded, model.read, predict, lambda read: read.data)
