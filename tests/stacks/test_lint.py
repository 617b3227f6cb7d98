"""cfn-lint has nothing to say of any template."""

from pathlib import Path

import pytest

from stacks.settings import Settings
from tests.stacks.linting import lint_files


@pytest.mark.slow
def test_every_template_is_clean_for_its_region(assembly: Path, settings: Settings) -> None:
    for stage, chosen in settings.stages.items():
        files = assembly.glob(f"assembly-{stage}/*.template.json")
        assert lint_files(files, chosen.region) == []
