"""The HTML page: what it says, and that no value breaks it."""

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from hypothesis import given

from aws.text import visible
from promotion.release import Release
from promotion.report import Ending, ReportData, html
from tests.promotion.releases import release, releases, untimed, verification
from tests.promotion.report.made_up import data, labels, texts
from tests.promotion.report.realistic import promoted

VOID = {"meta", "link", "line"}


@dataclass
class Page(HTMLParser):
    """A page taken apart: its tags with the names of their attributes, and its texts."""

    html: str
    tags: list[tuple[str, ...]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(" ".join(data.split()))
        if self.unclosed and self.unclosed[-1] in {"h1", "h2"}:
            self.headings.append(data.strip())


def shown(text: str) -> str:
    return " ".join(visible(text).split())


@given(texts, labels)
@untimed
def test_no_value_changes_what_the_page_is_built_of(text: str, labels: list[str]) -> None:
    page = Page(html(data(text, labels)))
    assert page.tags == Page(html(data("plain", ["a", "b", "c"]))).tags
    assert page.unclosed == []


@given(texts, labels)
@untimed
def test_every_check_label_and_reason_stands_there_as_it_is(text: str, labels: list[str]) -> None:
    page = Page(html(data(text, labels)))
    assert {shown(text), *map(shown, labels)} <= set(page.texts)


@given(releases, releases)
@untimed
def test_whatever_two_releases_hold_there_is_a_page(one: Release, other: Release) -> None:
    assert Page(html(ReportData(one, other))).unclosed == []


def test_what_shows_nothing_or_turns_the_text_around_is_shown_as_an_escape() -> None:
    assert visible("\u202egnp\x00 \x1b[31m\ud800") == "\\u202egnp\\x00 \\x1b[31m\\ud800"


def test_a_value_that_no_file_can_hold_is_shown_all_the_same() -> None:
    page = html(replace(promoted(), ending=Ending("failed", "\ud800")))
    assert "\\ud800" in page.encode().decode()


def test_every_section_has_its_heading_the_most_important_first() -> None:
    assert Page(html(promoted())).headings == [
        "qa-000030 promoted",
        "Release",
        "Checks",
        "Golden set",
        "Cases that were not right",
        "Latency",
        "Alarms",
        "What moved",
        "What differs from qa-000029",
    ]


def test_what_is_missing_is_said_in_words() -> None:
    page = Page(html(ReportData(release())))
    assert page.headings[0] == "dev-000001 has no evidence: it was not verified where it runs"
    assert {
        "Nothing was checked.",
        "No golden set was sent through the endpoint: quality was not judged.",
        "No case was judged.",
        "Latency was not measured.",
        "No alarm was watched.",
        "Nothing was moved in this run.",
        "There is no release of dev before this one.",
    } <= set(page.texts)


def test_every_table_has_a_caption_or_a_summary_and_headings_of_rows_and_columns() -> None:
    for table in re.findall(r"<table>.*?</table>", html(promoted()), re.DOTALL):
        columns = table.count('<th scope="col"')
        for row in re.findall(r"<tr>\s*<th scope=\"row\".*?</tr>", table, re.DOTALL):
            assert row.count("<td") == columns - 1
        assert "<th" not in re.sub(r'<th scope="(row|col)"', "", table).replace("<thead", "")


def test_no_script_and_nothing_that_is_fetched() -> None:
    page = html(promoted())
    assert re.findall(r"<(?:script|img|iframe|object|embed|base|form)\b", page) == []
    assert re.findall(r'(?:href|src|action)="([^"]*)"', page) == ["data:,"]
    assert not re.search(r"url\(|@import", page)


def test_evidence_of_another_endpoint_config_is_pointed_out() -> None:
    other = verification().model_copy(update={"endpoint_config": "config-2"})
    page = html(ReportData(release().model_copy(update={"evidence": (other,)})))
    assert "config-2 was served; the release&#39;s is config-1." in page
