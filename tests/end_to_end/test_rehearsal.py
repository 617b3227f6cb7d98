"""`berth local rehearse`: a release through three accounts, and what does not get through."""

import os
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_the_rehearsal_ends_as_it_has_to_and_says_what_it_does(
    project: Path, tmp_path: Path
) -> None:
    played = subprocess.run(
        [project / "tools" / "berth", "local", "rehearse"],
        cwd=project,
        env={
            **os.environ,
            "LOCALAWS_HOME": str(tmp_path / "home"),
            "LOCALAWS_IMAGES": "never",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout
    assert "qa serves qa-000001, which is dev-000001, verified" in played.stdout
    assert "prod serves prod-000001, which is qa-000001, verified" in played.stdout
    assert re.search(r"dev-000002 did not pass: .*entity F1", played.stdout)
    assert re.search(r"qa-000002 did not pass: entity F1: 0\.000", played.stdout)
    assert "qa was rolled back and serves qa-000003, verified" in played.stdout
    assert "nothing is left running" in played.stdout
