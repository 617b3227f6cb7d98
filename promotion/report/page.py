"""The report as one HTML page without scripts, fonts and pictures to load."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from aws.text import visible
from promotion.report.data import ReportData
from promotion.report.histogram import bars, histogram
from promotion.report.sections import sections
from promotion.report.verdict import verdict, warnings


def html(data: ReportData) -> str:
    """The page, as UTF-8 text."""
    return _template().render(
        verdict=verdict(data),
        warnings=warnings(data),
        sections=sections(data),
        release=data.release,
        bars=bars,
        histogram=histogram,
    )


@cache
def _template() -> Template:
    # Every value passes through `finalize`, and is escaped after that.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
    return environment.get_template("page.html.j2")
