"""Drift of a text model: figures that the container logs by the minute, and what is usual of them.

The container's line is `{"event": "model_figures", "model": {"texts": …, "tokens_per_text": …,
"unknown_token_share": …, "mean_score": …, "entities_per_text": {"LABEL": …}}}`; of classes it has
`class_share` and `mean_entropy`, of vectors `mean_norm`. Each instance writes its own; a metric's
average is of the lines, whatever number of texts each is about.
"""

import re
from dataclasses import dataclass

from stacks.settings.watching import DriftSettings
from stacks.watching.alarm import Alarm, Band
from stacks.watching.metrics import Metric

EVENT = "model_figures"
OUTSIDE = "LessThanLowerOrGreaterThanUpperThreshold"
# Figures of single minutes scatter; drift stays.
_QUARTER_HOUR = 900


@dataclass(frozen=True)
class Figure:
    """A figure of the log's line: a metric's name, where it stands, what it says."""

    name: str
    selector: str
    meaning: str

    @property
    def pattern(self) -> str:
        """The filter pattern of the lines that have it."""
        return f'{{ $.event = "{EVENT}" && {self.selector} = * }}'

    def metric(self, namespace: str) -> Metric:
        """The metric that the filter writes.

        A filter's dimensions can only be fields of the log, and the line does not know the
        endpoint, so the namespace has its name.
        """
        return Metric(namespace, self.name, {}, "Average", _QUARTER_HOUR)


_SCORE, _ENTROPY, _NORM = "$.model.mean_score", "$.model.mean_entropy", "$.model.mean_norm"
_OF_PREDICTIONS = {
    "entities": [Figure("MeanScore", _SCORE, "The confidence in entities")],
    "classes": [
        Figure("MeanScore", _SCORE, "The confidence in classes"),
        Figure("MeanEntropy", _ENTROPY, "The entropy of classes, in bits,"),
    ],
    "numbers": [Figure("MeanScore", _SCORE, "The mean of what is predicted")],
    "vectors": [Figure("MeanNorm", _NORM, "The length of vectors")],
}
_OF_LABELS = {
    "entities": ("EntitiesPerText", "entities_per_text", "The number of {} entities in a text"),
    "classes": ("ClassShare", "class_share", "The share of texts of the class {}"),
}


def figures(drift: DriftSettings) -> list[Figure]:
    """What is watched: inputs, what the task has, and the rate of each label."""
    found = [
        Figure("TokensPerText", "$.model.tokens_per_text", "The length of texts, in tokens,"),
        Figure("UnknownTokenShare", "$.model.unknown_token_share", "The share of unknown tokens"),
        *_OF_PREDICTIONS[drift.task],
    ]
    if drift.has_labels:
        name, field, meaning = _OF_LABELS[drift.task]
        found += [
            Figure(f"{name}-{label}", f"$.model.{field}.{_property(label)}", meaning.format(label))
            for label in drift.labels
        ]
    return found


def _property(label: str) -> str:
    # FilterAndPatternSyntax.html: letters, digits, hyphen and underscore stand for themselves.
    return label if re.fullmatch(r"[A-Za-z0-9_-]+", label) else f"['{label}']"


def drift_alarms(namespace: str, drift: DriftSettings) -> list[Alarm]:
    """Each figure against what is usual of it at the hour and day of the week."""
    return [
        Alarm(
            name=f"drift-{figure.name}",
            watched=figure.metric(namespace),
            threshold=Band(drift.band_width),
            comparison=OUTSIDE,
            periods=4,
            datapoints=3,
            # Without traffic, as at night, there is no data: an alarm stays in its state.
            missing="ignore",
            description=f"{figure.meaning} has been outside of what is usual "
            f"({drift.band_width:g} standard deviations) for most of an hour: look at what callers "
            "send since then (data capture), and think of training anew.",
        )
        for figure in figures(drift)
    ]
