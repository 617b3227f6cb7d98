"""The report as one HTML page that needs nothing else: no script, no font, no picture."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from promotion.report.data import ReportData
from promotion.report.histogram import bars, histogram
from promotion.report.sections import sections
from promotion.report.text import visible
from promotion.report.verdict import verdict, warnings


def html(data: ReportData) -> str:
    """The page, as UTF-8 text."""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            verdict=verdict(data),
            warnings=warnings(data),
            sections=sections(data),
            release=data.release,
            bars=bars,
            histogram=histogram,
        )
    )


@cache
def _environment() -> Environment:
    # Every value passes through `finalize`, and is escaped after it: none can be forgotten.
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
