"""A release and its evidence as a page for the person who approves it, and as a summary for CI."""

from pathlib import Path

from promotion.report.facts import Movement, Outcome, ReportFacts
from promotion.report.page import html
from promotion.report.summary import markdown

__all__ = ["Movement", "Outcome", "ReportFacts", "html", "markdown", "write"]


def write(folder: Path, facts: ReportFacts) -> tuple[Path, Path]:
    """Write `<release>.html` and `<release>.md`; both are whole, or what was there before."""
    folder.mkdir(parents=True, exist_ok=True)
    page = _write(folder / f"{facts.release.id}.html", html(facts))
    summary = _write(folder / f"{facts.release.id}.md", markdown(facts))
    return page, summary


def _write(path: Path, text: str) -> Path:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    return beside.replace(path)
