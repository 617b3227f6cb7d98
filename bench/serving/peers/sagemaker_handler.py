"""The sagemaker-inference toolkit on multi-model-server: the pipeline as its handler."""

import json
from typing import Any

from sagemaker_inference.default_handler_service import DefaultHandlerService
from sagemaker_inference.default_inference_handler import DefaultInferenceHandler
from sagemaker_inference.transformer import Transformer

from bench.serving.peers.recognizer import Recognizer


class HandlerService(DefaultHandlerService):  # type: ignore[misc]
    """What multi-model-server looks for: the one class of this module."""

    def __init__(self) -> None:
        super().__init__(transformer=Transformer(default_inference_handler=_handler()))


def _handler() -> DefaultInferenceHandler:
    handler = DefaultInferenceHandler()
    handler.default_model_fn = lambda *_: Recognizer()
    handler.default_input_fn = _text
    handler.default_predict_fn = lambda text, recognize, *_: recognize(text)
    handler.default_output_fn = lambda entities, *_: json.dumps({"predictions": [entities]})
    return handler


def _text(data: bytes, *_: Any) -> str:
    return str(json.loads(data)["text"])
