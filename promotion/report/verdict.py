"""What a person who approves a release reads first."""

from promotion.evidence import Verification
from promotion.release import Release
from promotion.report.data import Ending, ReportData
from promotion.report.parts import Column, Figure, Row, Section, Table, Tone, Verdict, row
from promotion.verifying.checks import changed


def verdict(data: ReportData) -> Verdict:
    """How the run ended, or else what the evidence says."""
    tone, said, reasons = _evidence(data.evidence)
    if data.ending is None:
        return Verdict(f"{data.release.id} {said}", tone, reasons)
    headline = f"{data.release.id} {data.ending.kind}"
    if _forced(data) is not None and data.ending.kind == "promoted":
        headline += " by force"
    because = (Figure("Why", data.ending.reason), Figure("Evidence", said), *reasons)
    return Verdict(headline, _tone(data, data.ending, tone), because)


def _evidence(evidence: Verification | None) -> tuple[Tone, str, tuple[Figure, ...]]:
    if evidence is None:
        return "warn", "has no evidence: it was not verified where it runs", ()
    if not evidence.checks:
        return "bad", "has evidence without a check in it", ()
    failed = [check for check in evidence.checks if check.passed is False]
    unjudged = [check for check in evidence.checks if check.passed is None]
    count, passed = len(evidence.checks), sum(bool(check.passed) for check in evidence.checks)
    reasons = [
        Figure("Failed", f"{check.name}: {check.found}", f"wanted {check.wanted}", "bad")
        for check in failed
    ]
    reasons += [
        Figure(check.result.capitalize(), f"{check.name}: {check.found}", tone="warn")
        for check in unjudged
        if check.stops or _is_wanting(evidence)
    ]
    if failed:
        return "bad", f"failed {len(failed)} of {count} checks", tuple(reasons)
    if unjudged and (reasons or not evidence.passed):
        said = "was not judged" if evidence.golden is None else "was not compared"
        tone: Tone = "warn" if evidence.passed else "bad"
        return tone, f"{said}, and passed {passed} of {count} checks", tuple(reasons)
    if unjudged:
        return "good", f"passed {passed} checks; there is no former release to compare with", ()
    return "good", "passed its only check" if count == 1 else f"passed all {count} checks", ()


def _is_wanting(evidence: Verification) -> bool:
    """Whether something was not judged that might have been: a first release has no former one."""
    return evidence.golden is None or evidence.not_compared is not None


def _tone(data: ReportData, ending: Ending, evidence: Tone) -> Tone:
    if ending.kind == "failed" or evidence == "bad":
        return "bad"
    is_plain = ending.kind == "promoted" and _forced(data) is None
    return "good" if is_plain and evidence == "good" else "warn"


def warnings(data: ReportData) -> tuple[Figure, ...]:
    """What the reader must not miss, whatever the verdict is."""
    release, evidence = data.release, data.evidence
    found = []
    if (reason := _forced(data)) is not None:
        note = "promoted without evidence that it had passed"
        found.append(Figure("Forced", reason, note, "warn"))
    if release.lineage and (reason := release.lineage.broadened):
        figure = Figure("Allowed more than before", reason, "as somebody has agreed to", "warn")
        found.append(figure)
    if evidence and evidence.checks and evidence.golden is None:
        text = "Quality was not judged: the model has no golden set."
        found.append(Figure("No golden set", text, tone="warn"))
    if evidence and (difference := changed(evidence)) is not None:
        note = evidence.not_compared or "judged on the former release's set as well"
        found.append(Figure("Another golden set", difference, note, "warn"))
    if not release.source.clean:
        what = (
            "The checkout had changes beside the commit" if release.source.commit else "No commit"
        )
        found.append(Figure(what, "The commit does not say what was deployed.", tone="warn"))
    if evidence and evidence.endpoint_config != release.endpoint_config:
        ours = release.endpoint_config or "none"
        text = f"{evidence.endpoint_config} was served; the release's is {ours}."
        found.append(Figure("Evidence of something else", text, tone="bad"))
    return tuple(found)


def _forced(data: ReportData) -> str | None:
    return data.release.lineage.forced if data.release.lineage else None


def identity(data: ReportData) -> Section:
    """The section that says which release this is and what it runs."""
    release, evidence = data.release, data.evidence
    lineage, many = release.lineage, len(release.evidence)
    gathered = f"{evidence.gathered:%Y-%m-%d %H:%M} UTC" if evidence else "none"
    figures = (
        Figure("Release", release.id, f"recorded {release.recorded:%Y-%m-%d %H:%M} UTC"),
        Figure("Stage", release.stage, release.project),
        Figure("Account", release.account, release.region),
        Figure(
            "From",
            str(lineage) if lineage else "none",
            f"of {lineage.stage}" if lineage else "deployed here, not promoted",
        ),
        Figure("Evidence", gathered, f"the latest of {many}" if many > 1 else ""),
    )
    columns = (Column("Runs"), Column("Named"), Column("By content", "hash"))
    return Section(
        "Release", figures=figures, tables=(Table("What it runs", columns, _runs(release)),)
    )


def _runs(release: Release) -> tuple[Row, ...]:
    clean = "" if release.source.clean else "and changes"
    rows = [row("commit", clean, release.source.commit or "none")]
    rows += [row("image", image.repository, image.digest) for image in release.images]
    for model in release.models:
        archive = model.archive.sha256 if model.archive else None
        pinned = model.manifest_sha256 or archive or "not pinned"
        rows.append(row("model", model.logical_id, pinned))
    return tuple(rows)
