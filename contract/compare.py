"""A comparison of several servers by the JSON documents that `berth contract --json` printed."""

from collections.abc import Mapping
from typing import Any

_WORDS = {"passed": "yes", "failed": "**no**", "skipped": "-"}


def comparison(documents: Mapping[str, Any]) -> str:
    """Make a Markdown table with a row for each case and a column for each server."""
    cases = {case["id"]: case for document in documents.values() for case in document["cases"]}
    lines = [
        f"| case | need | {' | '.join(documents)} |",
        f"|---|---|{'---|' * len(documents)}",
    ]
    for name, case in cases.items():
        cells = [_cell(document, name) for document in documents.values()]
        lines.append(f"| `{name}` | {case['need']} | {' | '.join(cells)} |")
    totals = [_total(document) for document in documents.values()]
    lines.append(f"| certified | | {' | '.join(totals)} |")
    return "\n".join(lines)


def _cell(document: Any, id: str) -> str:
    found = next((case for case in document["cases"] if case["id"] == id), None)
    if found is None:
        return ""
    word = _WORDS[found["verdict"]]
    return f"{word}: {_short(found['note'])}" if found["verdict"] == "failed" else word


def _short(note: str) -> str:
    short = note if len(note) <= 60 else f"{note[:59].rstrip()}…"
    return short.replace("|", "\\|").replace("{", "").replace("}", "")


def _total(document: Any) -> str:
    verdicts = [case["verdict"] for case in document["cases"]]
    counts = f"{verdicts.count('passed')} of {len(verdicts) - verdicts.count('skipped')}"
    return f"{'yes' if document['certified'] else '**no**'}: {counts}"
