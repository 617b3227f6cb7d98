"""The histogram of latency as SVG. All bars have one width, whatever their buckets span."""

from itertools import pairwise

from markupsafe import Markup

from promotion.evidence import Latency
from promotion.report.text import milliseconds

# Pixels. Horizontal lengths are percentages: the text keeps its size on a narrow page.
_TOP, _PLOT, _BOTTOM = 66, 150, 28
_LABELS = 6  # at most, under the bars

_Edges = tuple[float, ...]


def percentiles(latency: Latency) -> tuple[tuple[str, float], ...]:
    """The three percentiles, by their names."""
    return (("p50", latency.p50_ms), ("p95", latency.p95_ms), ("p99", latency.p99_ms))


def bars(latency: Latency) -> list[tuple[str, int]]:
    """What each bucket spans, and the number of responses in it."""
    first, *others = pairwise(_edges(latency))
    spans = [f"below {first[1]:,.4g} ms"]
    spans += [f"{low:,.4g} to {high:,.4g} ms" for low, high in others]
    return [(span, one.answers) for span, one in zip(spans, latency.histogram, strict=True)]


def _edges(latency: Latency) -> _Edges:
    return (0.0, *(bucket.below_ms for bucket in latency.histogram))


def histogram(latency: Latency) -> Markup:
    """The bars, the edges of some of them, and the percentiles."""
    edges, floor = _edges(latency), _TOP + _PLOT
    said = ", ".join(f"{name} {milliseconds(at)}" for name, at in percentiles(latency))
    head = Markup('<svg class="histogram" role="img" aria-label="{}" width="100%" height="{}">')
    drawn = [*_bars(latency, floor), *_axis(edges, floor), *_marks(latency, edges, floor)]
    label = f"Histogram of latency: {said}; its numbers are in the table below."
    return head.format(label, floor + _BOTTOM) + Markup("").join(drawn) + Markup("</svg>")


def _bars(latency: Latency, floor: float) -> list[Markup]:
    found = bars(latency)
    most, width = max(answers for _, answers in found) or 1, 100 / len(found)
    drawn = [
        Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(y)
        for y in (_TOP, _TOP + _PLOT / 2, floor)
    ]
    drawn.append(Markup('<text x="0" y="{}">{:,} responses</text>').format(_TOP - 6, most))
    for index, (span, answers) in enumerate(found):
        # A single response beside thousands is still visible.
        height = max(2.0, _PLOT * answers / most) if answers else 0.0
        rect = Markup(
            '<rect class="bar" x="{:.3f}%" y="{:.1f}" width="{:.3f}%" height="{:.1f}">'
            "<title>{}: {:,}</title></rect>"
        )
        across = ((index + 0.06) * width, 0.88 * width)
        drawn.append(rect.format(across[0], floor - height, across[1], height, span, answers))
    return drawn


def _axis(edges: _Edges, floor: float) -> list[Markup]:
    """Edges under the bars, as many as fit on a telephone; the first bucket has no lower edge."""
    last = len(edges) - 1
    step = -(-last // _LABELS)
    return [
        Markup('<text x="{:.3f}%" y="{}" text-anchor="{}">{}</text>').format(
            100 * index / last,
            floor + 18,
            "end" if index == last else "middle",
            f"{edges[index]:,.4g}" + (" ms" if index == last else ""),
        )
        for index in range(last, 0, -step)
    ]


def _marks(latency: Latency, edges: _Edges, floor: float) -> list[Markup]:
    """A line for each percentile; the names are one below the other, as the lines may be close."""
    marks = []
    for row, (name, value) in enumerate(percentiles(latency)):
        at, y = _place(value, edges), 14 + 17 * row
        anchor, gap = ("start", 6) if at < 60 else ("end", -6)
        marks.append(
            Markup(
                '<line class="mark" x1="{0:.3f}%" x2="{0:.3f}%" y1="{1}" y2="{2}"/>'
                '<text class="name" x="{0:.3f}%" dx="{3}" y="{4}" text-anchor="{5}">{6} {7}</text>'
            ).format(at, y - 10, floor, gap, y, anchor, name, milliseconds(value))
        )
    return marks


def _place(value: float, edges: _Edges) -> float:
    """Where a latency is among the bars, in percent from the left."""
    for index, (low, high) in enumerate(pairwise(edges)):
        if value < high:
            within = (value - low) / (high - low) if low < value else 0.0
            return 100 * (index + within) / (len(edges) - 1)
    return 100.0
