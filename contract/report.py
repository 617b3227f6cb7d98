"""Reports of the results: a table, and a document for JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from contract.case import Case
from contract.runner import Result, Verdict

_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.SKIPPED: "dim"}


def table(results: Sequence[Result]) -> Table:
    """Make the table of all cases, for the console of berth/screen.py, which knows no markup."""
    made = Table("case", "need", "result", "seconds", "what was seen")
    for result in results:
        made.add_row(
            result.case.id,
            result.case.need,
            Text(result.verdict, _STYLES[result.verdict]),
            f"{result.seconds:.2f}",
            result.note,
        )
    return made


def failures(results: Sequence[Result]) -> list[str]:
    """Describe each failed case: its title, what was seen, and the source."""
    return [
        f"{result.case.id}: {result.case.title}\n"
        f"    seen: {result.note}\n"
        f"    source: {result.case.source.name} {result.case.source.url}".rstrip()
        for result in results
        if result.verdict is Verdict.FAILED
    ]


def summary(results: Sequence[Result], *, certified: bool) -> str:
    """Make the last line of the report."""
    verdicts = Counter(result.verdict for result in results)
    failed = Counter(result.case.need for result in results if result.verdict is Verdict.FAILED)
    kinds = ", ".join(f"{count} {need}" for need, count in sorted(failed.items()))
    counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in Verdict)
    seconds = sum(result.seconds for result in results)
    return (
        f"{'certified' if certified else 'not certified'}: {counts}"
        f"{f' ({kinds})' if kinds else ''} in {seconds:.1f} s"
    )


def document(results: Sequence[Result], *, certified: bool) -> dict[str, Any]:
    """Make one document of all results, for JSON."""
    return {"certified": certified, "cases": [_as_object(result) for result in results]}


def _as_object(result: Result) -> dict[str, Any]:
    source = result.case.source
    return {
        "id": result.case.id,
        "title": result.case.title,
        "need": result.case.need,
        "source": {"name": source.name, "url": source.url},
        "verdict": result.verdict,
        "note": result.note,
        "seconds": round(result.seconds, 3),
    }


def markdown(cases: Sequence[Case]) -> str:
    """Make the table of docs/contract.md."""
    rows = ["| case | what it asks for | need | source |", "|---|---|---|---|"]
    for case in cases:
        source = f"[{case.source.name}]({case.source.url})" if case.source.url else case.source.name
        rows.append(f"| `{case.id}` | {case.title} | {case.need} | {source} |")
    return "\n".join(rows)
