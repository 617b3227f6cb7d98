"""How well a release does on a golden set: an evaluator for each kind of case."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import mul
from statistics import fmean
from typing import Any

from pydantic import JsonValue

from promotion import PromotionError
from promotion.evidence import Golden, Spans, Wrong
from promotion.verifying import responses
from promotion.verifying.responses import label_name
from stacks.compatibility import golden_set
from stacks.compatibility.golden_set import Case, GoldenSetError

OTHER = "(other)"
"""Stands for the labels that a model gives and the golden set does not have: they may be texts."""
NONE = "(none)"
"""Stands for a label that was not given: there was no readable response."""

MAE, MEAN_COSINE = "mean absolute error", "mean cosine"

_MOST_WRONG = 20  # cases that are named
_ROUNDING = 1e-9  # of a cosine
_EQUAL = 1e-6  # of a number: what is computed on another machine differs in its last digits


@dataclass(frozen=True)
class GoldenSet:
    """A golden set, its SHA-256 and its cases."""

    sha256: str
    cases: tuple[Case, ...]

    @property
    def evaluator(self) -> str:
        """The name of the one that judges it."""
        return self.cases[0].evaluator

    def read(self, body: bytes) -> Any:
        """What its evaluator judges of a response.

        Raises UnreadableError where there is no such thing in it.
        """
        return _EVALUATORS[self.evaluator].read(body)


def parse(content: bytes, name: str) -> GoldenSet:
    """Read a golden set.

    Raises PromotionError, with `name` and the number of the line, where a line is not a case.
    """
    try:
        cases = golden_set.parse(content, name)
    except GoldenSetError as error:
        raise PromotionError(str(error)) from None
    return GoldenSet(hashlib.sha256(content).hexdigest(), cases)


@dataclass(frozen=True)
class _Figures:
    """What an evaluator says of all cases beside how many were right."""

    labels: dict[str, Spans] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Evaluator:
    """How responses to a kind of case are judged; an answer is None where none was readable.

    read: the answer that a response has.
    is_right: whether an answer is right for a case.
    figures: of all cases and their answers.
    found: of an answer, what may be recorded.
    """

    read: Callable[[bytes], Any]
    is_right: Callable[[Any, Any], bool]
    figures: Callable[[Sequence[Any], Sequence[Any]], _Figures]
    found: Callable[[Any, Any, set[str]], JsonValue]


def score(golden: GoldenSet, answers: Sequence[Any]) -> Golden:
    """How well the cases were answered; a case without an answer is not right."""
    judge = _EVALUATORS[golden.evaluator]
    pairs = list(zip(golden.cases, answers, strict=True))
    right = [answer is not None and judge.is_right(case, answer) for case, answer in pairs]
    figures, known = judge.figures(golden.cases, answers), _labels(golden.cases)
    wrong = [
        Wrong(case=number, found=None if answer is None else judge.found(case, answer, known))
        for number, ((case, answer), is_right) in enumerate(zip(pairs, right, strict=True), 1)
        if not is_right
    ]
    return Golden(
        sha256=golden.sha256,
        cases=len(pairs),
        exact=sum(right),
        evaluator=golden.evaluator,
        labels=figures.labels,
        metrics=figures.metrics,
        confusion=figures.confusion,
        wrong=tuple(wrong[:_MOST_WRONG]),
    )


def _labels(cases: Iterable[Any]) -> set[str]:
    """The labels that the golden set has."""
    known = set()
    for case in cases:
        known |= {label for *_, label in getattr(case, "spans", ())}
        known |= {str(label_name(case.label))} if hasattr(case, "label") else set()
    return known


def _known(label: str, labels: set[str]) -> str:
    return label if label in labels else OTHER


def _counted(wanted: Counter[str], given: Counter[str], right: Counter[str]) -> dict[str, Spans]:
    return {
        label: Spans(expected=wanted[label], found=given[label], right=right[label])
        for label in sorted(wanted | given)
    }


def _span_figures(cases: Sequence[Any], answers: Sequence[Any]) -> _Figures:
    labels = _labels(cases)
    wanted, given, right = Counter[str](), Counter[str](), Counter[str]()
    for case, answer in zip(cases, answers, strict=True):
        spans = answer or frozenset()
        for counter, some in ((wanted, case.spans), (given, spans), (right, case.spans & spans)):
            counter.update(_known(label, labels) for _, _, label in some)
    return _Figures(labels=_counted(wanted, given, right))


def _label_figures(cases: Sequence[Any], answers: Sequence[Any]) -> _Figures:
    labels = _labels(cases)
    confusion: dict[str, Counter[str]] = {label: Counter() for label in sorted(labels)}
    for case, answer in zip(cases, answers, strict=True):
        given = NONE if answer is None else _known(answer, labels)
        confusion[str(label_name(case.label))][given] += 1
    wanted = Counter({label: row.total() for label, row in confusion.items()})
    given_all = sum(confusion.values(), Counter[str]())
    del given_all[NONE]
    right = Counter({label: row[label] for label, row in confusion.items()})
    return _Figures(
        labels=_counted(wanted, given_all, right),
        confusion={label: dict(sorted(row.items())) for label, row in confusion.items()},
    )


def _number_figures(cases: Sequence[Any], answers: Sequence[Any]) -> _Figures:
    """An answer that is missing is none of the sample: it counts as an error, and not as right."""
    pairs = zip(cases, answers, strict=True)
    errors = [abs(answer - case.value) for case, answer in pairs if answer is not None]
    return _Figures(metrics={MAE: _mean(errors)})


def _vector_figures(cases: Sequence[Any], answers: Sequence[Any]) -> _Figures:
    pairs = zip(cases, answers, strict=True)
    found = [cosine(case.vector, answer) for case, answer in pairs if answer is not None]
    return _Figures(metrics={MEAN_COSINE: _mean(found)})


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values and math.isfinite(sum(values)) else None


def _is_close(case: Any, answer: float) -> bool:
    return bool(abs(answer - case.value) <= max(case.tolerance, _EQUAL * abs(case.value)))


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of two vectors; 0 where they differ in length, or one is zero."""
    if len(one) != len(other):
        return 0.0
    one, other = _scaled(one), _scaled(other)
    lengths = math.hypot(*one) * math.hypot(*other)
    return max(-1.0, min(1.0, sum(map(mul, one, other)) / lengths)) if lengths else 0.0


def _scaled(vector: Sequence[float]) -> list[float]:
    """The same direction, of numbers whose squares are no overflow and no zero."""
    most = max(map(abs, vector), default=0.0)
    return [value / most for value in vector] if most else list(vector)


def is_equal(one: Any, other: Any) -> bool:
    """Whether two documents are the same JSON: 1 is 1.0, and true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


@dataclass(frozen=True)
class _Document:
    """A response of JSON, which may be null."""

    value: Any


_EVALUATORS = {
    "spans": _Evaluator(
        responses.spans,
        lambda case, answer: bool(answer == case.spans),
        _span_figures,
        lambda _, answer, labels: [
            [start, end, _known(label, labels)] for start, end, label in sorted(answer)
        ],
    ),
    "labels": _Evaluator(
        responses.label,
        lambda case, answer: bool(answer == label_name(case.label)),
        _label_figures,
        lambda _, answer, labels: _known(answer, labels),
    ),
    "numbers": _Evaluator(
        responses.number, _is_close, _number_figures, lambda _case, answer, _labels: float(answer)
    ),
    "vectors": _Evaluator(
        responses.vector,
        lambda case, answer: cosine(case.vector, answer) >= case.min_cosine - _ROUNDING,
        _vector_figures,
        lambda case, answer, _: cosine(case.vector, answer),
    ),
    # Whatever is in it may be a text of the set.
    "json": _Evaluator(
        lambda body: _Document(responses.document(body)),
        lambda case, answer: is_equal(case.output, answer.value),
        lambda _cases, _answers: _Figures(),
        lambda _case, _answer, _labels: None,
    ),
}
