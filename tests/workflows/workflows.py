"""The workflows as YAML reads them: those of the tests' own stages.toml, and Berth's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from berth.workflows import texts
from stacks.settings import load
from tests import STAGES_FILE

ROOT = Path(__file__).parents[2]
OWN = ROOT / ".github" / "workflows" / "ci.yml"
FILES = {"ci.yml": OWN.read_text(), **texts(load(STAGES_FILE))}
"""The text of each, by the name of its file."""

Job = dict[str, Any]
Step = dict[str, Any]


def workflow(text: str) -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as true.
    loaded["on"] = loaded.pop(True)
    return loaded


def jobs() -> dict[str, Job]:
    """Every job, by `<file>:<job>`."""
    return {
        f"{file.removesuffix('.yml')}:{name}": job
        for file, text in FILES.items()
        for name, job in workflow(text)["jobs"].items()
    }


def steps() -> Iterator[tuple[str, Step]]:
    for name, job in jobs().items():
        for step in job.get("steps", []):
            yield f"{name}:{step['name']}", step


def scripts() -> dict[str, str]:
    return {name: step["run"] for name, step in steps() if "run" in step}
