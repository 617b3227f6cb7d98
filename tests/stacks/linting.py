"""cfn-lint in this process: its command takes seconds to start, each time, to read its rules."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.config import ConfigMixIn
from cfnlint.core import get_rules
from cfnlint.runner import run_template_by_data


@cache
def _rules() -> Any:
    return get_rules([], [], [])


def lint(template: dict[str, Any], region: str) -> Iterator[str]:
    """What cfn-lint has to say of a template for a region."""
    for match in run_template_by_data(template, ConfigMixIn(regions=[region]), _rules()):
        # E3601's pattern for a state's resource knows no partition but `aws`.
        if match.rule.id != "E3601" or not region.startswith(("cn-", "us-gov-")):
            yield f"{match.rule.id} {match.message} {match.path}"


def lint_files(files: Iterable[Path], region: str) -> list[str]:
    """What it has to say of templates in files, of which there has to be one."""
    read = [(file.name, json.loads(file.read_text())) for file in files]
    assert read
    return [f"{name}: {line}" for name, template in read for line in lint(template, region)]
