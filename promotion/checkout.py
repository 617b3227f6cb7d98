"""The git checkout that a command runs in."""

import subprocess
from pathlib import Path

from promotion.release import Source


def checkout(folder: Path) -> Source:
    """The git checkout that a folder is in."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    changes = _git(folder, "status", "--porcelain")
    return Source(commit=commit, clean=commit is not None and not changes)


def has_commit(folder: Path, commit: str) -> bool:
    """Whether a commit is that of a checkout, or came before it: not one of any other branch."""
    return _git(folder, "merge-base", "--is-ancestor", commit, "HEAD") is not None


def file_of(folder: Path, commit: str, path: str) -> str | None:
    """A file of a commit, by its path from a folder of the checkout; None where it has none."""
    return _git(folder, "show", f"{commit}:./{path}")


def _git(folder: Path, *arguments: str) -> str | None:
    """The output of git in a folder; None where there is no git or it says no."""
    try:
        ended = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return ended.stdout.strip() if ended.returncode == 0 else None
