"""cfn-lint has nothing to say of any template."""

import subprocess
from pathlib import Path

import pytest

from stacks.settings import Settings


@pytest.mark.slow
def test_every_template_is_clean_for_its_region(own_assembly: Path, own_settings: Settings) -> None:
    for stage, settings in own_settings.stages.items():
        files = [str(file) for file in own_assembly.glob(f"assembly-{stage}/*.template.json")]
        assert files
        done = subprocess.run(
            ["cfn-lint", "--regions", settings.region, "--", *files],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stdout
