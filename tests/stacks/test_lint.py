"""cfn-lint has nothing to say of any template."""

import subprocess
from pathlib import Path

import pytest

from stacks.settings import Settings


@pytest.mark.slow
def test_every_template_is_clean_for_its_region(assembly: Path, settings: Settings) -> None:
    for stage, chosen in settings.stages.items():
        files = [str(file) for file in assembly.glob(f"assembly-{stage}/*.template.json")]
        assert files
        done = subprocess.run(
            ["cfn-lint", "--regions", chosen.region, "--", *files],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stdout
