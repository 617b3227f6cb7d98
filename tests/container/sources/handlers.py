"""code/inference.py of the tests: what it does is said by the request."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def model_fn(model_dir: str) -> Path:
    while (Path(model_dir) / "hold").exists():  # until the test has removed it
        time.sleep(0.01)
    return Path(model_dir)


def predict_fn(data: Any, model: Path, context: Any) -> Any:
    text = data["text"] if isinstance(data, dict) else str(data)
    if text.startswith("READ "):  # a FIFO: waits until the test has written to it
        Path(text.removeprefix("READ ")).read_text()
    if text == "KILL":
        os._exit(3)
    if text == "SPAWN":
        return subprocess.Popen(["/bin/sleep", "1000"]).pid
    if text.startswith("COUNT "):
        return chunks(int(text.removeprefix("COUNT ")))
    if context.session is not None:
        context.session.data.setdefault("texts", []).append(text)
        context.session.closed = text == "bye"
        return {"texts": context.session.data["texts"]}
    if text.startswith("SLEEP "):
        time.sleep(float(text.removeprefix("SLEEP ")))
    return {"text": text, "model": model.name}


def chunks(count: int) -> Iterator[str]:
    for number in range(count):
        if number == 7:
            raise ValueError("seven is too many")
        yield f"{number}\n"
