"""Whether servers find the same: a fast answer that differs is worth nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .servers import ROOT, Span, entities


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How the entities of some texts compare with those of the reference.

    Attributes:
        equal: texts with the same labels and spans, all of them.
        spans: entities in the reference.
        missing, extra: entities that only the reference, or only the other, has.
        score: the largest difference of scores between entities that are the same.
    """

    texts: int
    equal: int
    spans: int
    missing: int
    extra: int
    score: float


def compare(reference: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> Agreement:
    """Compare the entities of the same texts."""
    equal = missing = extra = 0
    score = 0.0
    for expected, actual in zip(reference, found, strict=True):
        left, right = _scores(expected), _scores(actual)
        equal += [_place(span) for span in expected] == [_place(span) for span in actual]
        missing += len(left.keys() - right.keys())
        extra += len(right.keys() - left.keys())
        both = left.keys() & right.keys()
        score = max([score, *(abs(left[place] - right[place]) for place in both)])
    return Agreement(
        texts=len(reference),
        equal=equal,
        spans=sum(map(len, reference)),
        missing=missing,
        extra=extra,
        score=score,
    )


def reference(model: Path, texts: Sequence[str], aggregation: str) -> list[list[Span]]:
    """What the pipeline of transformers finds in each text, in a process of its own."""
    variables: Mapping[str, str] = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BENCH_MODEL": str(model),
        "BENCH_THREADS": str(os.cpu_count() or 1),
        "BENCH_AGGREGATION": aggregation,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.serving.peers.recognizer"],
        env=variables,
        cwd=ROOT,
        input=json.dumps(list(texts)).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return [entities([found]) for found in json.loads(done.stdout)]


def _place(span: Span) -> tuple[str, int, int]:
    return span.label, span.start, span.end


def _scores(spans: Sequence[Span]) -> dict[tuple[str, int, int], float]:
    return {_place(span): span.score for span in spans}
