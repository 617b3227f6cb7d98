"""code/inference.py of the tests: fails with the request's text where the text says."""

import gc
from collections.abc import Iterator
from threading import Thread
from typing import Any


class RefusedError(Exception):
    """An exception with a status, as SageMaker's toolkit has it."""

    status = 422


def model_fn(model_dir: str) -> str:
    return model_dir


def input_fn(body: str, content_type: str) -> str:
    return fail(body, "INPUT")


def predict_fn(data: str, model: str) -> Any:
    if "STREAM" in data:
        return chunks(data)
    if "THREAD" in data:
        thread = Thread(target=fail, args=(data, "THREAD"))
        thread.start()
        thread.join()
    if "FINALIZER" in data:
        Unraisable(data)
        gc.collect()
    if "STATUS" in data:
        raise RefusedError(data)
    if "BROKEN" in data:
        raise RuntimeError(f"CUDA error: {data}")
    if "GROUP" in data:
        raise ExceptionGroup(data, [ValueError(data), KeyError(data)])
    if "CHAIN" in data:
        try:
            fail(data, "CHAIN")
        except ValueError as error:
            error.add_note(data)
            raise TypeError(data) from error
    return fail(data, "PREDICT")


def output_fn(prediction: Any, accept: str) -> Any:
    return fail(prediction, "OUTPUT") if isinstance(prediction, str) else prediction


class Unraisable:
    def __init__(self, text: str) -> None:
        self.text = text

    def __del__(self) -> None:
        fail(self.text, "FINALIZER")


def chunks(text: str) -> Iterator[str]:
    yield "first"
    fail(text, "STREAM")


def fail(text: str, where: str) -> str:
    if where in text:
        raise ValueError(f"{where}: {text!r}")
    return text
