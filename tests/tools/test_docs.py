"""The docs' generated parts are as the code would make them now."""

from tools.docs import pages, regenerated


def test_generated_parts_are_up_to_date() -> None:
    stale = [page.name for page in pages() if regenerated(page.read_text()) != page.read_text()]
    assert stale == [], "run: make docs"


def test_the_pages_that_show_code_have_generated_parts() -> None:
    expected = {
        "README.md",
        "cli.md",
        "container.md",
        "contract.md",
        "monitoring.md",
        "security.md",
        "settings.md",
    }
    assert {page.name for page in pages()} >= expected
