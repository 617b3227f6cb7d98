"""A model from code: each capitalised word is a span. Some texts make it misbehave."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import mlflow
from mlflow.pyfunc.model import PythonModel

if mark := os.environ.get("TEST_IMPORT_MARK"):
    Path(mark).touch()
if gate := os.environ.get("TEST_IMPORT_GATE"):  # a FIFO
    Path(gate).read_text()


class Spans(PythonModel):
    def predict(self, model_input, params=None):  # type: ignore[no-untyped-def, override] # hints would be a signature to MLflow
        return [
            self._spans(text, (params or {}).get("label", "NAME")) for text in model_input["text"]
        ]

    def _spans(self, text: str, label: str) -> list[dict[str, Any]]:
        if text == "RAISE":
            raise ValueError("a secret of the model")
        if text == "RAISE EXIT":
            sys.exit("the model has had enough")
        if text.startswith("EXIT"):
            os._exit(3)
        if text.startswith("READ "):  # a FIFO: waits until the test has written to it
            Path(text.removeprefix("READ ")).read_text()
        return [
            {"text": m[0], "label": label, "score": 1.0, "start": m.start(), "end": m.end()}
            for m in re.finditer(r"\b[A-Z]\w*", text)
        ]


mlflow.models.set_model(Spans())
