"""Writing a report to files."""

from dataclasses import replace
from pathlib import Path

import pytest

from promotion.report import Ending, html, markdown, write
from tests.promotion.report.realistic import promoted


def test_both_are_written_under_the_name_of_the_release(tmp_path: Path) -> None:
    page, summary = write(tmp_path / "build" / "reports", promoted())
    assert page == tmp_path / "build" / "reports" / "qa-000030.html"
    assert summary == page.with_suffix(".md")
    assert page.read_text("utf-8") == html(promoted())
    assert summary.read_text("utf-8") == markdown(promoted())


def test_a_later_one_takes_the_place_of_the_former_and_leaves_nothing_beside(
    tmp_path: Path,
) -> None:
    write(tmp_path, promoted())
    page, _ = write(tmp_path, replace(promoted(), ending=Ending("failed", "for a reason")))
    assert "for a reason" in page.read_text("utf-8")
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".html", ".md"]


def test_the_former_one_stays_where_a_file_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _ = write(tmp_path, promoted())

    def full(*arguments: object, **options: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space"):
            write(tmp_path, replace(promoted(), ending=Ending("failed", "for a reason")))
    assert page.read_text("utf-8") == html(promoted())


def test_the_same_facts_make_the_same_bytes() -> None:
    assert html(promoted()) == html(promoted())
