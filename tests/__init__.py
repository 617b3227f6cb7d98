"""The tests. None of them reads what a user edits: stages.toml, build/, snapshots/, .github/."""

from pathlib import Path

STAGES_FILE = Path(__file__).parent / "stages.toml"
"""The tests' own project; its model is the example, which `built_model` builds."""
