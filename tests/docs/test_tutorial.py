"""docs/tutorial.md: the page's commands, run in their order as they stand there."""

import os
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_a_model_of_ones_own_goes_from_a_folder_to_prod(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "tutorial.md").read_text()
    commands = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    shown = re.findall(r"^```text\n(.*?)\n```$", page, re.DOTALL | re.MULTILINE)
    checkout = tmp_path / "berth"  # the project is made beside it
    checkout.mkdir()
    (checkout / ".venv").symlink_to(root / ".venv")
    ran = subprocess.run(
        ["bash", "-ec", "\n".join(["trap 'berth local down' EXIT", *commands])],
        cwd=checkout,
        env={
            **os.environ,
            "LOCALAWS_HOME": str(tmp_path / "home"),
            "CDK_REQUIRE_APPROVAL": "never",  # nobody is there to say yes
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    _refused, prediction, verified, promoted = shown
    assert ran.stdout.count(prediction) == 2, ran.stdout
    assert verified in ran.stdout
    assert promoted in ran.stdout
    assert "AWS on this machine has ended" in ran.stdout
