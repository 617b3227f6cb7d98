"""The gate's checks: what was measured, against the thresholds of the release's own settings."""

from collections.abc import Iterator, Sequence
from typing import Any

from promotion.evidence import Alarms, Check, Golden, Latency, Spans, Verification
from promotion.verifying.golden import MAE, MEAN_COSINE
from stacks.settings import VerifySettings

NOT_JUDGED = "quality was not judged: the model has no golden set"

_SLACK = 1e-9  # 0.95 - 0.94 is a little more than 0.01


def endpoint_config(wanted: str | None, served: Sequence[str]) -> Check:
    """Whether the endpoint served the release's EndpointConfig at the begin and at the end.

    An endpoint is InService after an update that was rolled back, too.
    """
    different = list(dict.fromkeys(served))
    passed = different == [wanted]
    return _check("endpoint config", wanted or "none", ", then ".join(different), passed=passed)


def quality(evidence: Verification, wanted: VerifySettings, *, excused: bool) -> Iterator[Check]:
    """How well the model did on its golden set, and how much worse than the former release.

    `excused`: whether what is not judged, or not compared, lets the release go on.
    """
    golden = evidence.golden
    if golden is None:
        yield _unjudged("golden set", "with the model", NOT_JUDGED, excused=excused)
        return
    yield _least_cases(golden, wanted.min_cases)
    yield from _values(golden, wanted)
    yield from _against_the_former(evidence, wanted, excused=excused)


def _least_cases(golden: Golden, least: int) -> Check:
    return _check(
        "golden set",
        f"at least {least:,} cases",
        f"{golden.exact:,} of {golden.cases:,} cases right",
        passed=golden.cases >= least,
        threshold=least,
        value=golden.cases,
        cases=golden.cases,
    )


def _values(golden: Golden, wanted: VerifySettings) -> Iterator[Check]:
    if golden.evaluator == "spans":  # of many spans in a text one is soon wrong
        yield _at_least("entity F1", golden.all.f1, wanted.min_entity_f1, golden.cases)
    else:
        yield _at_least("accuracy", golden.accuracy, wanted.min_accuracy, golden.cases)
    if MAE in golden.metrics and (most := wanted.max_mean_absolute_error) is not None:
        yield _metric(MAE, golden, f"at most {most:g}", most, sign=-1)
    if MEAN_COSINE in golden.metrics and (least := wanted.min_mean_cosine) is not None:
        yield _metric(MEAN_COSINE, golden, f"at least {least:g}", least, sign=1)


def _metric(name: str, golden: Golden, said: str, threshold: float, *, sign: int) -> Check:
    value = golden.metrics[name]
    return _check(
        name,
        said,
        "no case was answered" if value is None else f"{value:.6g}",
        passed=value is not None and sign * (value - threshold) >= -_SLACK,
        threshold=threshold,
        value=value,
        cases=golden.cases,
    )


def _against_the_former(
    evidence: Verification, wanted: VerifySettings, *, excused: bool
) -> Iterator[Check]:
    of = evidence.former_golden or evidence.golden
    by_spans = of is not None and of.evaluator == "spans"
    name = "entity F1 drop" if by_spans else "accuracy drop"
    most = wanted.max_entity_f1_drop if by_spans else wanted.max_accuracy_drop
    if evidence.compared is None:
        # The first release of a stage has nothing to be compared with.
        none = evidence.not_compared or "no former release has passed on a golden set"
        is_first = evidence.not_compared is None
        yield _unjudged(name, _at_most(most), none, excused=excused or is_first, why="not compared")
        return
    before, now = evidence.compared
    if (difference := changed(evidence)) is not None:
        wanted_too = "judged on the former one too"
        yield _check("changed golden set", wanted_too, difference, passed=True)
    if by_spans:
        yield _drop(name, before.all.f1, now.all.f1, most, now.cases)
    else:
        yield _drop(name, before.accuracy, now.accuracy, most, now.cases)
    for label in sorted({*before.labels, *now.labels}):
        was, is_ = before.labels.get(label, _EMPTY), now.labels.get(label, _EMPTY)
        yield _drop(f"{label} F1 drop", was.f1, is_.f1, wanted.max_label_f1_drop, is_.expected)


_EMPTY = Spans(expected=0, found=0, right=0)


def changed(evidence: Verification) -> str | None:
    """How the golden set differs from the former release's; None where it is the same."""
    golden, former = evidence.golden, evidence.former_golden
    if golden is None or former is None or golden.sha256 == former.sha256:
        return None
    return f"{_cases(former.cases)} → {golden.cases:,}"


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count:,} cases"


def latency(
    measured: Latency | None, wanted: VerifySettings, *, asked: bool, excused: bool
) -> Iterator[Check]:
    """The percentiles; not `asked`: there was neither a golden set nor an example to send."""
    limits = {
        "p50": wanted.max_latency_p50_ms,
        "p95": wanted.max_latency_p95_ms,
        "p99": wanted.max_latency_p99_ms,
    }
    for percentile, limit in limits.items():
        name, most = f"latency {percentile}", "any" if limit is None else f"at most {_time(limit)}"
        if measured is None:
            if asked:
                yield _check(name, most, "no request was answered", passed=False)
            else:
                none = "neither a golden set nor an input example to send"
                yield _unjudged(name, most, none, excused=excused)
            continue
        value: float = getattr(measured, f"{percentile}_ms")
        yield _check(
            name,
            most,
            _time(value),
            passed=limit is None or value <= limit,
            threshold=limit,
            value=value,
            cases=measured.requests,
        )


def errors(failures: list[str], requests: int, wanted: VerifySettings, *, excused: bool) -> Check:
    """Requests that were not answered; the reason of the first is shown."""
    most = wanted.max_errors
    if not requests:
        return _unjudged("errors", f"at most {most:,}", "no request was sent", excused=excused)
    found = f"{len(failures):,} of {requests:,} requests"
    if failures:
        found += f", as: {failures[0][:200]}"
    return _check(
        "errors",
        f"at most {most:,}",
        found,
        passed=len(failures) <= most,
        threshold=most,
        value=len(failures),
        cases=requests,
    )


def alarms(watched: Alarms, gone: Sequence[str]) -> Check:
    """No alarm went off during the bake time, and none is `gone`."""
    faults = [f"{name} went off" for name in watched.went_off] + [f"no {name}" for name in gone]
    quiet = f"none of {watched.watched} in {watched.bake_seconds:g} s"
    return _check("alarms", "none goes off", ", ".join(faults) or quiet, passed=not faults)


def _at_least(name: str, value: float, least: float, cases: int) -> Check:
    return _check(
        name,
        f"at least {least:.3f}",
        f"{value:.3f}",
        passed=value >= least,
        threshold=least,
        value=value,
        cases=cases,
    )


def _drop(name: str, before: float, after: float, most: float, cases: int) -> Check:
    drop = before - after
    return _check(
        name,
        _at_most(most),
        f"{drop:.3f} ({before:.3f} to {after:.3f})",
        passed=drop <= most + _SLACK,
        threshold=most,
        value=drop,
        cases=cases,
    )


def _time(milliseconds: float) -> str:
    if milliseconds < 100:
        return f"{milliseconds:.3g} ms"
    return f"{milliseconds:,.0f} ms"


def _at_most(drop: float) -> str:
    return f"at most {drop:.3f}"


def _check(
    name: str,
    wanted: str,
    found: str,
    *,
    passed: bool,
    **figures: Any,
) -> Check:
    return Check(name=name, wanted=wanted, found=found, passed=passed, **figures)


def _unjudged(
    name: str, wanted: str, found: str, *, excused: bool, why: str = "not judged"
) -> Check:
    return Check(name=name, wanted=wanted, found=found, passed=None, unjudged=why, excused=excused)
