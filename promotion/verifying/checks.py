"""The gate's checks: what was measured, against the thresholds of the release's own settings."""

from collections.abc import Iterator, Sequence

from promotion.evidence import Alarms, Check, Golden, Latency, Spans
from stacks.settings import VerifySettings

_SLACK = 1e-9  # 0.95 - 0.94 is a little more than 0.01


def endpoint_config(wanted: str | None, served: Sequence[str]) -> Check:
    """Whether the endpoint served the release's EndpointConfig at the begin and at the end.

    An endpoint is InService after an update that was rolled back, too.
    """
    different = list(dict.fromkeys(served))
    passed = different == [wanted]
    return _check("endpoint config", wanted or "none", ", then ".join(different), passed=passed)


def golden(
    measured: Golden | None, former: Golden | None, wanted: VerifySettings
) -> Iterator[Check]:
    """How well the model did on the golden set, and how much worse than the former release."""
    if measured is None:
        none = "the model folder has no golden.jsonl"
        yield _check("golden set", "with the model", none, passed=False)
        return
    counts = f"{measured.exact:,} of {measured.cases:,} cases exact"
    yield _check("golden set", "with the model", counts, passed=True)
    f1, least = measured.all.f1, wanted.min_entity_f1
    yield _check("entity F1", f"at least {least:.3f}", f"{f1:.3f}", passed=f1 >= least)
    if former is None:
        none = "no former release passed on this golden set"
        yield _check("entity F1 drop", _at_most(wanted.max_entity_f1_drop), none, passed=True)
        return
    yield _drop("entity F1 drop", former.all, measured.all, wanted.max_entity_f1_drop)
    empty = Spans(expected=0, found=0, right=0)
    for label in sorted({*former.labels, *measured.labels}):
        before, after = former.labels.get(label, empty), measured.labels.get(label, empty)
        yield _drop(f"{label} F1 drop", before, after, wanted.max_label_f1_drop)


def latency(measured: Latency | None, wanted: VerifySettings, *, asked: bool) -> Iterator[Check]:
    """The percentiles; not `asked`: there was no golden set to send."""
    limits = {
        "p50": wanted.max_latency_p50_ms,
        "p95": wanted.max_latency_p95_ms,
        "p99": wanted.max_latency_p99_ms,
    }
    for name, limit in limits.items():
        most = "any" if limit is None else f"at most {_time(limit)}"
        if measured is None:
            why = "no request was answered" if asked else "no golden set to send"
            yield _check(f"latency {name}", most, why, passed=False)
            continue
        value: float = getattr(measured, f"{name}_ms")
        passed = limit is None or value <= limit
        yield _check(f"latency {name}", most, _time(value), passed=passed)


def errors(failures: list[str], requests: int, wanted: VerifySettings) -> Check:
    """Requests that were not answered; the reason of the first is shown."""
    found = f"{len(failures):,} of {requests:,} requests"
    if failures:
        found += f", as: {failures[0][:200]}"
    most = wanted.max_errors
    return _check("errors", f"at most {most:,}", found, passed=len(failures) <= most)


def alarms(watched: Alarms, gone: Sequence[str]) -> Check:
    """No alarm went off during the bake time, and none is `gone`."""
    faults = [f"{name} went off" for name in watched.went_off] + [f"no {name}" for name in gone]
    quiet = f"none of {watched.watched} in {watched.bake_seconds:g} s"
    return _check("alarms", "none goes off", ", ".join(faults) or quiet, passed=not faults)


def _drop(name: str, before: Spans, after: Spans, most: float) -> Check:
    drop = before.f1 - after.f1
    found = f"{drop:.3f} ({before.f1:.3f} to {after.f1:.3f})"
    return _check(name, _at_most(most), found, passed=drop <= most + _SLACK)


def _time(milliseconds: float) -> str:
    if milliseconds < 100:
        return f"{milliseconds:.3g} ms"
    return f"{milliseconds:,.0f} ms"


def _at_most(drop: float) -> str:
    return f"at most {drop:.3f}"


def _check(name: str, wanted: str, found: str, *, passed: bool) -> Check:
    return Check(name=name, wanted=wanted, found=found, passed=passed)
