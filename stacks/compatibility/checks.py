"""Every check, and what they find in a stages.toml."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from inspect import isfunction
from pathlib import Path

from packaging.requirements import Requirement

from stacks.compatibility import (
    environment,
    golden_sets,
    gpu,
    keeping,
    mode_checks,
    names,
    network,
    offers,
    records,
    releases,
    scaling,
    sizes,
    updates,
    uploads,
)
from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding, IncompatibleError
from stacks.compatibility.model_folder import ModelFolder
from stacks.compatibility.versions import package_name, parsed_requirements
from stacks.instance_types import UnknownInstanceTypeError
from stacks.settings import Settings
from stacks.stage_plan import stage_plans

Check = Callable[[CheckedStage], Iterator[Finding]]

_MODULES = (
    offers,
    gpu,
    records,
    golden_sets,
    sizes,
    uploads,
    mode_checks,
    scaling,
    updates,
    network,
    environment,
    keeping,
    names,
    releases,
)
# Each public function of these modules is a check.
CHECKS: tuple[Check, ...] = tuple(
    value
    for module in _MODULES
    for name, value in vars(module).items()
    if isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
)


def findings(settings: Settings, models: Mapping[str, ModelFolder]) -> dict[Check, list[Finding]]:
    """What every check finds, in all stages; `models` as `read_models` gives them."""
    wants = _server_requirements()
    plans = list(stage_plans(settings).values())
    stages = [
        CheckedStage(plan, models, wants, before)
        for plan, before in zip(plans, [None, *plans], strict=False)
    ]
    try:
        return {
            check: [finding for stage in stages for finding in check(stage)] for check in CHECKS
        }
    except UnknownInstanceTypeError as error:
        raise IncompatibleError(str(error)) from None


def check(settings: Settings, models: Mapping[str, ModelFolder]) -> list[str]:
    """Refuse what cannot work, and list what is unwise, a line each.

    Raises:
        IncompatibleError: with one line a refusal.
    """
    found = [finding for several in findings(settings, models).values() for finding in several]
    if refusals := lines(found, "refusal"):
        raise IncompatibleError("\n".join(refusals))
    return lines(found, "warning")


def lines(found: Iterable[Finding], severity: str) -> list[str]:
    """The findings of one severity, a line each.

    What lies in a model is found in every stage that serves it, and is listed once.
    """
    return list(dict.fromkeys(str(one) for one in found if one.severity == severity))


@cache
def _server_requirements() -> dict[str, Requirement]:
    requirements = Path(__file__).parents[2] / "container" / "requirements.in"
    found = parsed_requirements(requirements.read_text(encoding="utf-8"))
    return {package_name(requirement): requirement for requirement in found}
