"""The parts of recording that ask no AWS."""

import subprocess
from pathlib import Path

import pytest

from promotion.record import checkout
from promotion.release import Source


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_source_is_the_commit_and_whether_there_is_more_than_it(tmp_path: Path) -> None:
    assert checkout(tmp_path) == Source(commit=None, clean=False)
    git(tmp_path, "init", "--quiet")
    assert checkout(tmp_path) == Source(commit=None, clean=False)
    (tmp_path / "file").write_text("content")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert checkout(tmp_path) == Source(commit=commit, clean=True)
    (tmp_path / "another").write_text("content")
    assert checkout(tmp_path) == Source(commit=commit, clean=False)


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout(tmp_path) == Source(commit=None, clean=False)
