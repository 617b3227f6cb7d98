"""The model as each peer runs it: the pipeline of transformers, with what makes it fast."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import torch
from transformers import pipeline

from bench.serving.peers.misbehaviour import misbehave

PART = 8  # texts of like length that share a batch: what is padded is computed for nothing


class Recognizer:
    """A pipeline with as many threads as the process has cores to itself, or on the GPU in bf16.

    It reads BENCH_MODEL (a folder), BENCH_THREADS and BENCH_AGGREGATION from the environment.
    """

    def __init__(self, device: str | None = None) -> None:
        torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
        accelerated = torch.cuda.is_available()
        self._pipeline: Any = pipeline(
            "token-classification",
            model=os.environ["BENCH_MODEL"],
            aggregation_strategy=os.environ["BENCH_AGGREGATION"],
            device=(device or "cuda") if accelerated else "cpu",
            dtype=torch.bfloat16 if accelerated else torch.float32,
        )

    def __call__(self, text: str) -> list[dict[str, Any]]:
        """The entities of one text."""
        misbehave(text)
        with torch.inference_mode():
            return _plain(self._pipeline(text))

    def many(self, texts: Sequence[str]) -> list[list[dict[str, Any]]]:
        """The entities of each text, computed in parts of like length."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        with torch.inference_mode():
            found = self._pipeline([texts[index] for index in order], batch_size=PART)
        results: list[list[dict[str, Any]]] = [[] for _ in texts]
        for index, entities in zip(order, found, strict=True):
            results[index] = _plain(entities)
        return results


def _plain(entities: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "label": entity["entity_group"],
            "start": int(entity["start"]),
            "end": int(entity["end"]),
            "score": float(entity["score"]),
        }
        for entity in entities
    ]


if __name__ == "__main__":
    recognize = Recognizer()
    json.dump([recognize(text) for text in json.load(sys.stdin)], sys.stdout)
