"""What a cloud assembly keeps of what it was made from."""

from pathlib import Path

from stacks.settings import load
from tests import STAGES_FILE
from tools.kept_inputs import keep_inputs


def test_settings_are_kept_beside_the_templates(tmp_path: Path) -> None:
    settings = load(STAGES_FILE)
    keep_inputs(tmp_path, settings)
    assert load(tmp_path / "stages.toml").stages == settings.stages
