"""FastAPI: the pipeline in each of uvicorn's workers.

The handler is a coroutine on purpose: a plain function would be run in up to 40 threads at once,
which share the worker's one core and hold each other up.
"""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from bench.serving.peers.recognizer import Recognizer

app = FastAPI()
recognize = Recognizer()


class Body(BaseModel):
    """What a request holds."""

    text: str


@app.get("/ping")
async def ping() -> None:
    """Say that the process runs."""


@app.post("/invocations")
async def invocations(body: Body) -> dict[str, Any]:
    """Answer with the text's entities."""
    return {"predictions": [recognize(body.text)]}
