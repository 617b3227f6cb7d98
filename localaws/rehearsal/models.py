"""The example model made worse, and made to fail: what a gate is there for."""

import shutil
from pathlib import Path

from localaws.home import LocalAwsError

_CODE = "ner.py"

# Words become part of a span only where the classifier has no doubt at all: many are missed.
_WORSE = ("< 0.5 * pieces", "< 0.0005 * pieces")
# Every span is named as no golden set names one.
_BROKEN = (
    "    return [span for span in spans if",
    '    return [{**span, "label": "BROKEN"} for span in spans if',
)


def make_worse(model: Path, folder: Path) -> None:
    """Copy the example model into `folder`, its post-processing too strict."""
    _changed(model, folder, _WORSE)


def make_broken(model: Path, folder: Path) -> None:
    """Copy the example model into `folder`, all of its labels wrong."""
    _changed(model, folder, _BROKEN)


def _changed(model: Path, folder: Path, change: tuple[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = (folder / _CODE).read_text(encoding="utf-8")
    if change[0] not in code:
        raise LocalAwsError(f"{model / _CODE}: no {change[0]!r} in it to be changed")
    (folder / _CODE).write_text(code.replace(*change), encoding="utf-8")
