"""Versions of packages, as requirements.txt, conda.yaml and MLmodel write them."""

import re
from collections.abc import Iterator
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version


def parsed_requirements(text: str) -> Iterator[Requirement]:
    """The requirements of a requirements.txt that hold on the image's Linux."""
    for line in text.splitlines():
        try:
            requirement = Requirement(line.partition(" #")[0].strip())
        except InvalidRequirement:
            continue  # an option, a comment, a path: pip judges these
        if requirement.marker is None or requirement.marker.evaluate({"sys_platform": "linux"}):
            yield requirement


def exact_versions(lines: list[str]) -> dict[str, str]:
    """The packages of a requirements.txt that are pinned to one version, without its build.

    mlflow-skinny is mlflow with fewer dependencies, and goes by its name.
    """
    return {
        package_name(requirement).replace("mlflow-skinny", "mlflow"): specifier.version.partition(
            "+"
        )[0]
        for requirement in parsed_requirements("\n".join(lines))
        for specifier in requirement.specifier
        if specifier.operator == "==" and _is_version(specifier.version)
    }


def package_name(requirement: Requirement) -> str:
    """A package's name as PyPI compares them."""
    return re.sub(r"[-_.]+", "-", requirement.name).lower()


def conda_lines(conda: dict[str, Any]) -> list[str]:
    """The packages of a conda.yaml, pip's among them, as lines of a requirements.txt."""
    lines = []
    for dependency in list_of(conda.get("dependencies")):
        if isinstance(dependency, dict):
            lines += [str(line) for line in list_of(dependency.get("pip"))]
        else:
            lines.append(re.sub(r"^([\w.-]+)=([\w.]+)$", r"\1==\2", str(dependency)))
    return lines


def mlmodel_versions(mlmodel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """MLflow's own version, and those that the flavors record as `<package>_version`."""
    names = {"sklearn": "scikit-learn", "pytorch": "torch"}
    recorded = {"mlflow_version": mlmodel.get("mlflow_version")}
    for flavor in mapping(mlmodel.get("flavors")).values():
        recorded |= mapping(flavor)
    for key, version in recorded.items():
        package, _, rest = str(key).partition("_version")
        if key.endswith("_version") and not rest and _is_version(str(version)):
            yield names.get(package, package), str(version).partition("+")[0]


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def mapping(value: object) -> dict[str, Any]:
    """What a file should hold as a mapping; empty where it holds something else."""
    return value if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """What a file should hold as a list; empty where it holds something else."""
    return value if isinstance(value, list) else []
