"""docs/tutorial.md: the page's commands, run in their order as they stand there."""

import re
from pathlib import Path

import pytest

from tests import shell

pytestmark = pytest.mark.slow


def test_a_model_of_ones_own_goes_from_a_folder_to_prod(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "tutorial.md").read_text()
    commands = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    shown = re.findall(r"^```text\n(.*?)\n```$", page, re.DOTALL | re.MULTILINE)
    checkout = tmp_path / "berth"  # the project is made beside it
    checkout.mkdir()
    (checkout / ".venv").symlink_to(root / ".venv")
    printed = shell.run(commands, checkout, tmp_path / "home")
    _refused, prediction, verified, promoted = shown
    assert printed.count(prediction) == 2, printed
    assert verified in printed
    assert promoted in printed
    assert "AWS on this machine has ended" in printed
