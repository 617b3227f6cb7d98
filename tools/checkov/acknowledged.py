"""The findings of checkov that are acknowledged: the entries of acknowledged.toml."""

import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "acknowledged.toml"


class Finding(NamedTuple):
    """A check that a resource (`TYPE.LOGICAL-ID`) does not pass, and what it requires."""

    template: str
    resource: str
    check: str
    wants: str


class Acknowledgement(NamedTuple):
    """A check that a resource need not pass in some templates (`*` for any part), with a reason."""

    templates: str
    resource: str
    check: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it is about that finding."""
        same = (self.resource, self.check) == (finding.resource, finding.check)
        return same and fnmatchcase(finding.template, self.templates)


def acknowledgements() -> list[Acknowledgement]:
    """The entries of acknowledged.toml."""
    entries = tomllib.loads(FILE.read_text(encoding="utf-8"))["acknowledged"]
    return [Acknowledgement(**entry) for entry in entries]


def judge(found: Sequence[Finding], known: Sequence[Acknowledgement]) -> list[str]:
    """A line for each finding without an acknowledgement, and for each that covers no finding."""
    unknown = [
        f"{one.template}: {one.resource}: {one.check}: {one.wants}"
        for one in found
        if not any(entry.covers(one) for entry in known)
    ]
    idle = [
        f"{FILE.name}: {entry.resource}: {entry.check}: covers no finding; take it out"
        for entry in known
        if not any(map(entry.covers, found))
    ]
    return unknown + idle
