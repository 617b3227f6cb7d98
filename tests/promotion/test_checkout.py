"""The git checkout that a command runs in."""

import subprocess
from pathlib import Path

import pytest

from promotion.checkout import checkout, file_of, has_commit
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


def test_a_commit_is_at_hand_where_the_checkout_has_grown_from_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_text("content")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    first = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "checkout", "--quiet", "-b", "another")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "aside")
    aside = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "checkout", "--quiet", "-b", "main2", first)
    assert has_commit(tmp_path / "inner", first)
    assert not has_commit(tmp_path / "inner", aside)
    assert not has_commit(tmp_path / "inner", "0" * 40)
    assert file_of(tmp_path / "inner", first, "file") == "content"
    assert file_of(tmp_path / "inner", first, "other") is None
