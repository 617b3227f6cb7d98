"""What a cloud assembly keeps of what it was made from."""

import shutil
from pathlib import Path

from stacks.settings import load
from tools.kept_inputs import keep_inputs


def test_settings_and_golden_set_are_kept_beside_the_templates(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "stages.toml", tmp_path)
    settings, assembly = load(tmp_path / "stages.toml"), tmp_path / "cdk.out"
    assembly.mkdir()
    keep_inputs(assembly, settings)
    assert [file.name for file in assembly.iterdir()] == ["stages.toml"]
    settings.model_folder.mkdir(parents=True)
    (settings.model_folder / "golden.jsonl").write_text("{}\n")
    keep_inputs(assembly, settings)
    assert (assembly / "golden.jsonl").read_text() == "{}\n"
    assert load(assembly / "stages.toml").stages == settings.stages
