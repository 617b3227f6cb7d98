"""The example model made worse, and made to fail: what a gate is there for."""

import shutil
from pathlib import Path

from localaws.home import LocalAwsError

_CODE = "ner.py"

# Words become part of a span only where the classifier has no doubt at all: many are missed.
_WORSE = ("< 0.5 * pieces", "< 0.0005 * pieces")
# Long texts are answered with an error.
_BROKEN = (
    "    if not word_ids:\n",
    '    if len(text) > 75:\n        raise ValueError("broken for the rehearsal")\n'
    "    if not word_ids:\n",
)


def make_worse(model: Path, folder: Path) -> None:
    """Copy the example model into `folder`, its post-processing too strict."""
    _changed(model, folder, _WORSE)


def make_broken(model: Path, folder: Path) -> None:
    """Copy the example model into `folder`, failing at most texts."""
    _changed(model, folder, _BROKEN)


def _changed(model: Path, folder: Path, change: tuple[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = (folder / _CODE).read_text(encoding="utf-8")
    if change[0] not in code:
        raise LocalAwsError(f"{model / _CODE}: no {change[0]!r} in it to be changed")
    (folder / _CODE).write_text(code.replace(*change), encoding="utf-8")
