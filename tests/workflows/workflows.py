"""The workflows as YAML reads them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
Job = dict[str, Any]
Step = dict[str, Any]


def workflow(file: Path) -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(file.read_text())
    # YAML 1.1 reads the key `on` as true.
    loaded["on"] = loaded.pop(True)
    return loaded


def jobs() -> dict[str, Job]:
    """Every job, by `<file>:<job>`."""
    return {
        f"{file.stem}:{name}": job for file in FILES for name, job in workflow(file)["jobs"].items()
    }


def steps() -> Iterator[tuple[str, Step]]:
    for name, job in jobs().items():
        for step in job.get("steps", []):
            yield f"{name}:{step['name']}", step


def scripts() -> dict[str, str]:
    return {name: step["run"] for name, step in steps() if "run" in step}
