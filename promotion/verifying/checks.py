"""The gate: what was found, held against the thresholds of the release's own settings."""

from collections.abc import Iterator, Sequence

from promotion.evidence import Alarms, Check, Golden, Latency, Spans
from stacks.settings import VerifySettings

_SLACK = 1e-9  # 0.95 - 0.94 is a little more than 0.01


def endpoint_config(wanted: str | None, served: Sequence[str]) -> Check:
    """The endpoint served the release's EndpointConfig, first and last.

    An update that was rolled back leaves the endpoint InService all the same.
    """
    different = dict.fromkeys(served)
    return Check(
        name="endpoint config",
        wanted=wanted or "none",
        found=", then ".join(different),
        passed=list(different) == [wanted],
    )


def golden(
    measured: Golden | None, former: Golden | None, wanted: VerifySettings
) -> Iterator[Check]:
    """How well the golden set was answered, and how much worse than by the former release."""
    if measured is None:
        yield _failed("golden set", "with the model", "the model folder has no golden.jsonl")
        return
    counts = f"{measured.exact:,} of {measured.cases:,} cases exact"
    yield Check(name="golden set", wanted="with the model", found=counts, passed=True)
    f1 = measured.all.f1
    yield Check(
        name="entity F1",
        wanted=f"at least {wanted.min_entity_f1:.3f}",
        found=f"{f1:.3f}",
        passed=f1 >= wanted.min_entity_f1,
    )
    if former is None:
        yield Check(
            name="entity F1 drop",
            wanted=_at_most(wanted.max_entity_f1_drop),
            found="no former release passed on this golden set",
            passed=True,
        )
        return
    yield _drop("entity F1 drop", former.all, measured.all, wanted.max_entity_f1_drop)
    none = Spans(expected=0, found=0, right=0)
    for label in sorted({*former.labels, *measured.labels}):
        before, after = former.labels.get(label, none), measured.labels.get(label, none)
        yield _drop(f"{label} F1 drop", before, after, wanted.max_label_f1_drop)


def latency(measured: Latency | None, wanted: VerifySettings, *, asked: bool) -> Iterator[Check]:
    """The percentiles; not `asked`: there was nothing to ask with."""
    limits = {
        "p50": wanted.max_latency_p50_ms,
        "p95": wanted.max_latency_p95_ms,
        "p99": wanted.max_latency_p99_ms,
    }
    for name, limit in limits.items():
        most = "any" if limit is None else f"at most {_time(limit)}"
        if measured is None:
            why = "no request was answered" if asked else "no golden set to ask with"
            yield _failed(f"latency {name}", most, why)
            continue
        value: float = getattr(measured, f"{name}_ms")
        yield Check(
            name=f"latency {name}",
            wanted=most,
            found=_time(value),
            passed=limit is None or value <= limit,
        )


def errors(failures: list[str], requests: int, wanted: VerifySettings) -> Check:
    """Requests that were not answered; the reason of the first is shown."""
    found = f"{len(failures):,} of {requests:,} requests"
    if failures:
        found += f", as: {failures[0][:200]}"
    return Check(
        name="errors",
        wanted=f"at most {wanted.max_errors:,}",
        found=found,
        passed=len(failures) <= wanted.max_errors,
    )


def alarms(watched: Alarms, gone: Sequence[str]) -> Check:
    """No alarm went off through the bake time, and all are there; `gone`: those that are not."""
    faults = [f"{name} went off" for name in watched.went_off] + [f"no {name}" for name in gone]
    return Check(
        name="alarms",
        wanted="none goes off",
        found=", ".join(faults) or f"none of {watched.watched} in {watched.bake_seconds:g} s",
        passed=not faults,
    )


def _drop(name: str, before: Spans, after: Spans, most: float) -> Check:
    drop = before.f1 - after.f1
    return Check(
        name=name,
        wanted=_at_most(most),
        found=f"{drop:.3f} ({before.f1:.3f} to {after.f1:.3f})",
        passed=drop <= most + _SLACK,
    )


def _time(milliseconds: float) -> str:
    if milliseconds < 100:
        return f"{milliseconds:.3g} ms"
    return f"{milliseconds:,.0f} ms"


def _at_most(drop: float) -> str:
    return f"at most {drop:.3f}"


def _failed(name: str, wanted: str, found: str) -> Check:
    return Check(name=name, wanted=wanted, found=found, passed=False)
