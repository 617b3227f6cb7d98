"""FastAPI: the pipeline text-classification in each of uvicorn's workers."""

import os
from typing import Any

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
app = FastAPI()
classify: Any = pipeline("text-classification", model=os.environ["BENCH_MODEL"], device="cpu")


class Body(BaseModel):
    """What a request holds."""

    text: str


@app.get("/ping")
async def ping() -> None:
    """Say that the process runs."""


# A coroutine on purpose: see fastapi_app.
@app.post("/invocations")
async def invocations(body: Body) -> dict[str, Any]:
    """Answer with the text's class."""
    with torch.inference_mode():
        return {"predictions": classify(body.text, truncation=True)}
