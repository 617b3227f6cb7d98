"""The Markdown summary: what it says, and that no value breaks it."""

import re

from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aws.text import visible
from promotion.release import Release
from promotion.report import ReportData, markdown
from tests.promotion.releases import releases, untimed
from tests.promotion.report.made_up import data, labels, texts
from tests.promotion.report.realistic import promoted


def parsed(text: str) -> list[Token]:
    """As GitHub does, but for its links in plain text: see LINKED."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


# What GitHub makes a link of in plain text.
LINKED = re.compile(r"\w://|www\.|@\w|#\d|GH-\d", re.IGNORECASE)


def structure(text: str) -> list[tuple[str, ...]]:
    return [
        (token.type, *(child.type for child in token.children or () if child.content != ""))
        for token in parsed(text)
    ]


def said(text: str) -> set[str]:
    """The text of every run, without the words of ours before it."""
    runs = (token.children or () for token in parsed(text) if token.type == "inline")
    found = {" ".join(child.content.replace("\u200b", "").split()) for run in runs for child in run}
    return found | {run.removeprefix(": ") for run in found}


def shown(text: str) -> str:
    return " ".join(visible(text).split())


@given(texts, labels)
@untimed
def test_no_value_changes_what_the_summary_is_built_of(text: str, labels: list[str]) -> None:
    plain = markdown(data("plain", ["a", "b", "c"]))
    assert structure(markdown(data(text, labels))) == structure(plain)


@given(texts, labels)
@untimed
def test_every_check_label_and_reason_stands_there_as_it_is(text: str, labels: list[str]) -> None:
    assert {shown(text), *map(shown, labels)} <= said(markdown(data(text, labels)))


@given(texts, labels)
@untimed
def test_no_value_becomes_a_link_or_calls_somebody(text: str, labels: list[str]) -> None:
    for token in parsed(markdown(data(text, labels))):
        for child in token.children or ():
            assert child.type == "code_inline" or not LINKED.search(child.content)


@given(releases, releases)
@untimed
def test_whatever_two_releases_hold_there_is_a_summary(one: Release, other: Release) -> None:
    found = markdown(ReportData(one, other))
    assert len(re.findall("^## ", found, re.MULTILINE)) == 8


def test_it_says_in_text_what_the_page_draws() -> None:
    lines = markdown(data("plain", ["a", "b", "c"])).splitlines()
    start = lines.index("```text")
    assert [line.split() for line in lines[start + 1 : start + 3]] == [
        ["below", "10", "ms", "0"],
        ["10", "to", "20", "ms", "█" * 30, "148"],
    ]


def test_differences_by_label_and_rates_stand_in_tables() -> None:
    lines = markdown(promoted()).splitlines()
    assert "| MISC | 71 | 74 | 61 | 0.841 | 0.879 | ▼ -0.038 |" in lines
    (model,) = (line for line in lines if ".gz | file |" in line)
    assert model.endswith("| 417.6 MB | 0 bytes | 417.6 MB | 0 bytes | 6.2 s | 67.4 MB/s |")
