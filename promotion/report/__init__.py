"""A release and its evidence as a page for the person who approves it, and as a summary for CI."""

from pathlib import Path

from promotion.report.data import Ending, Movement, ReportData
from promotion.report.page import html
from promotion.report.summary import markdown

__all__ = ["Ending", "Movement", "ReportData", "html", "markdown", "write"]


def write(folder: Path, data: ReportData) -> tuple[Path, Path]:
    """Write `<release>.html` and `<release>.md`; where that fails, the former files stay whole."""
    folder.mkdir(parents=True, exist_ok=True)
    page = _write(folder / f"{data.release.id}.html", html(data))
    summary = _write(folder / f"{data.release.id}.md", markdown(data))
    return page, summary


def _write(path: Path, text: str) -> Path:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    return beside.replace(path)
