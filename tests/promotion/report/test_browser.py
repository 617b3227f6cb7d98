"""The page in Chromium: what it fetches, how wide it is, whether it can be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection

from promotion.report import ReportData, write
from tests.promotion.releases import release
from tests.promotion.report import browser
from tests.promotion.report.browser import Tab
from tests.promotion.report.made_up import HOSTILE, data
from tests.promotion.report.realistic import promoted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not browser.is_here(), reason=browser.WHY_NOT),
]

PAGES = {
    "promoted": promoted(),
    "hostile": data(" ".join(HOSTILE), [*HOSTILE[1:3], HOSTILE[-1]], passed=False),
    "without evidence": ReportData(release()),
}

# Every run of text with its colour and what lies behind it, by WCAG 2's formula.
# https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
CONTRASTS = """
(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => part / 255).map(
      (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.tagName === "title") continue;
    const style = getComputedStyle(element);
    const colour = element.closest("svg") ? style.fill : style.color;
    const both = [rgb(colour), behind(element)].map(luminance).sort((a, b) => b - a);
    found.push([(both[0] + 0.05) / (both[1] + 0.05), texts.currentNode.data.trim()]);
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientConnection]:
    with browser.browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(params=PAGES)
def tab(connection: ClientConnection, request: pytest.FixtureRequest, tmp_path: Path) -> Tab:
    """A tab of its own, with each of the pages in it."""
    page, _ = write(tmp_path, PAGES[request.param])
    opened = Tab(connection)
    opened.open(page)
    return opened


def test_nothing_is_fetched_but_the_page(tab: Tab) -> None:
    fetched = [each["request"]["url"] for each in tab.reported("Network.requestWillBeSent")]
    page, *others = fetched
    assert page.startswith("file://")
    assert [url for url in others if not url.startswith("data:")] == []


def test_the_console_stays_empty(tab: Tab) -> None:
    said = tab.reported("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    assert said == []


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_has_to_be_scrolled_sideways(tab: Tab, width: int) -> None:
    tab.resize(width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    # Nor is anything cut off: what is too wide has a box of its own to scroll in.
    outside = f"""
      [...document.querySelectorAll("body *")].filter(
        (each) => !each.closest(".scrolled *, title, caption")
          && each.getBoundingClientRect().right > {width}
      ).map((each) => each.outerHTML)
    """
    assert tab.evaluate(outside) == []


def test_on_paper_nothing_is_cut_off(tab: Tab) -> None:
    tab.prefer(media="print")
    tab.resize(700)  # CSS pixels of A4 within the page's margins
    assert tab.evaluate("document.documentElement.scrollWidth") <= 700


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("media", ["screen", "print"])
def test_every_text_stands_out_from_what_is_behind_it(tab: Tab, scheme: str, media: str) -> None:
    tab.prefer(scheme, media)
    found = tab.evaluate(CONTRASTS)
    assert len(found) > 20
    assert [each for each in found if each[0] < 4.5] == []


def test_light_and_dark_are_not_the_same(tab: Tab) -> None:
    seen = set()
    for scheme in ("light", "dark"):
        tab.prefer(scheme)
        seen.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(seen) == 2


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("tab", ["promoted"], indirect=True)
def test_every_bar_of_answers_has_a_size_and_the_more_answers_the_higher(
    tab: Tab, width: int
) -> None:
    tab.resize(width)
    bars = tab.evaluate(
        '[...document.querySelectorAll(".bar")].map((bar) => bar.getBoundingClientRect())'
        ".map((box) => [box.width, box.height])"
    )
    evidence = promoted().evidence
    assert evidence
    assert evidence.latency
    answers = [bucket.answers for bucket in evidence.latency.histogram]
    assert len(bars) == len(answers)
    assert all(wide >= 5 for wide, _ in bars)
    assert [high > 0 for _, high in bars] == [count > 0 for count in answers]
    by_answers = sorted(zip(answers, (high for _, high in bars), strict=True))
    assert [high for _, high in by_answers] == sorted(high for _, high in by_answers)


@pytest.mark.parametrize("tab", ["promoted"], indirect=True)
def test_a_screen_reader_finds_headings_and_cells_with_headers(tab: Tab) -> None:
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    assert roles.count("heading") == 9
    assert roles.count("columnheader") > 20
    assert roles.count("rowheader") > 20
    assert {"banner", "main", "image"} <= set(roles)
