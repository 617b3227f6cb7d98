"""`python -m contract.compare NAME=FILE ...`: verdicts of several servers beside each other.

Each FILE is what `berth contract --json` printed for the server of that name.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_WORDS = {"passed": "yes", "failed": "**no**", "skipped": "-"}


def comparison(documents: Mapping[str, Any]) -> str:
    """Make the Markdown table of all cases and servers, failures with what was seen."""
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


def main(arguments: list[str]) -> int:
    """Print the table; 2 for what is no NAME=FILE."""
    documents = {}
    for argument in arguments:
        name, _, file = argument.partition("=")
        try:
            documents[name] = json.loads(Path(file).read_text())
        except (OSError, ValueError) as error:
            print(f"contract.compare: {argument}: {error}; takes NAME=FILE", file=sys.stderr)
            return 2
    print(comparison(documents))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
