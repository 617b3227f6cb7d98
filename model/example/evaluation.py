"""Entity-level precision, recall and F1: a span counts when its bounds and label are right."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Spans = Iterable[tuple[str, int, int]]  # label, start, end


@dataclass(frozen=True)
class Score:
    """How one label, or all of them, was found."""

    precision: float
    recall: float
    f1: float
    expected: int
    predicted: int
    right: int


def scores(expected: Sequence[Spans], predicted: Sequence[Spans]) -> dict[str, Score]:
    """A score for each label and, as `micro`, for all spans together (as seqeval counts)."""
    wanted, given, right = Counter[str](), Counter[str](), Counter[str]()
    for one, other in zip(expected, predicted, strict=True):
        a, b = set(one), set(other)
        for counter, spans in ((wanted, a), (given, b), (right, a & b)):
            counter.update(label for label, _, _ in spans)
    labels = sorted(wanted | given)
    found = {label: _score(wanted[label], given[label], right[label]) for label in labels}
    return found | {"micro": _score(wanted.total(), given.total(), right.total())}


def _score(expected: int, predicted: int, right: int) -> Score:
    both = expected + predicted
    return Score(
        precision=right / predicted if predicted else 0.0,
        recall=right / expected if expected else 0.0,
        f1=2 * right / both if both else 0.0,
        expected=expected,
        predicted=predicted,
        right=right,
    )
