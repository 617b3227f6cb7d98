"""What callers waited."""

from promotion.evidence import Latency
from promotion.report.data import ReportData
from promotion.report.histogram import percentiles
from promotion.report.parts import Figure, Section
from promotion.report.text import milliseconds


def latency(data: ReportData) -> Section:
    """Rate, percentiles, errors, and the histogram where there is one."""
    found = data.evidence.latency if data.evidence else None
    if found is None:
        return Section("Latency", ("Latency was not measured.",))
    former = data.former_evidence.latency if data.former_evidence else None
    words = ["As the caller saw it."]
    if not former:
        words.append("Of a former release none was measured: nothing to compare with.")
    if not found.histogram:
        words.append("There is no histogram.")
    figures = (
        Figure("Rate", f"{found.requests_per_second:,.3g} / s", f"for {found.seconds:,.0f} s"),
        *_percentiles(found, former),
        Figure("Requests", f"{found.requests:,}"),
        Figure("Errors", f"{found.errors:,}", tone="bad" if found.errors else "good"),
    )
    return Section("Latency", tuple(words), figures, chart=found if found.histogram else None)


def _percentiles(now: Latency, former: Latency | None) -> list[Figure]:
    before = dict(percentiles(former)) if former else {}
    return [
        Figure(
            name,
            milliseconds(value),
            f"{milliseconds(before[name])} before" if name in before else "",
        )
        for name, value in percentiles(now)
    ]
