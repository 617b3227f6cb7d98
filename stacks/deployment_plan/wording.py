"""How one property's change reads."""

import re
from typing import Any

from stacks.deployment_plan.compare import Change, Difference, Resource
from stacks.deployment_plan.intrinsics import is_intrinsic, render

# An asset, in an S3 URI or an image's: what stands before its hash is the same for all of them.
_ASSET = re.compile(r"(?:\S*[/:])?\b([0-9a-f]{8})[0-9a-f]{56}\b")
_LONGEST = 60

_CONTAINER = r"(?:PrimaryContainer|Containers\.\d+)"
_VARIANT = r"(?:Shadow)?ProductionVariants\.[^.]+"
# Property paths in words; what is not here is named by its path.
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"{_CONTAINER}\.Image"), "another image"),
    (re.compile(rf"{_CONTAINER}\.ModelDataUrl"), "another model archive"),
    (re.compile(rf"{_CONTAINER}\.ModelDataSource.*"), "other model files"),
    (re.compile(rf"{_CONTAINER}\.Environment\.(.+)"), r"environment variable \1"),
    (re.compile(rf"{_VARIANT}\.InstanceType"), "another instance type"),
    (re.compile(rf"{_VARIANT}\.InstancePools.*"), "other instance pools"),
    (re.compile(rf"{_VARIANT}\.InferenceAmiVersion"), "another host image"),
    (re.compile(r"ProductionVariants\.([^.]+)"), r"variant \1"),
    (re.compile(r"ShadowProductionVariants\.([^.]+)"), r"shadow variant \1"),
    (re.compile("EndpointConfigName"), "the EndpointConfig"),
)


def short_type(resource_type: str) -> str:
    """`Model` for `AWS::SageMaker::Model`; a custom resource's type stays as it is."""
    owner, _, rest = resource_type.partition("::")
    return rest.rpartition("::")[2] if owner == "AWS" else resource_type


def named(change: Change) -> str:
    """`Model ServingModel2BFB7A72`: what a change is about, to be found in the template."""
    return f"{short_type(change.type)} {change.logical_id}"


def reasons(change: Change, resources: dict[str, Resource]) -> list[str]:
    """Why a resource changes: a phrase a property, each said once."""
    return list(dict.fromkeys(_reason(each, resources) for each in change.differences))


def _reason(difference: Difference, resources: dict[str, Resource]) -> str:
    path = ".".join(difference.path)
    if difference.follows is not None:
        return f"it names the new {short_type(resources[difference.follows]['Type'])}"
    found = ((known.fullmatch(path), phrase) for known, phrase in _WORDS)
    if difference.reads is not None:
        return f"it reads {difference.reads}, which changes"
    words = next((match.expand(phrase) for match, phrase in found if match), path)
    before = shown(difference.before, resources)
    after = shown(difference.after, resources)
    if difference.before is None:
        return f"{words} is new" + (f": {after}" if _is_short(difference.after) else "")
    if difference.after is None:
        return f"{words} is taken away" + (f": {before}" if _is_short(difference.before) else "")
    return f"{words}: {before} → {after}"


def _is_short(value: Any) -> bool:
    return is_intrinsic(value) or not isinstance(value, dict | list)


def shown(value: Any, resources: dict[str, Resource]) -> str:
    """A value, hashes and length cut down to what fits a line."""
    text = _ASSET.sub(r"\1…", "" if value is None else render(value, resources))
    if len(text) <= _LONGEST:
        return text
    # The end of an ARN or an image's name says more than its beginning.
    return "…" + text[-_LONGEST + 1 :] if ":" in text else text[: _LONGEST - 1] + "…"
