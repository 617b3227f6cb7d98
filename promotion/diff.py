"""The differences between two releases."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from promotion.release import Release

Facts = dict[tuple[str, str], str]
"""By area (model, image, …) and key, in the order in which they are shown."""


@dataclass(frozen=True)
class Difference:
    """One fact that differs; None where a release does not have it."""

    area: str
    key: str
    before: str | None
    after: str | None


def differences(before: Release, after: Release) -> list[Difference]:
    """Every fact that differs; names of buckets and times are no facts here."""
    old, new = _facts(before), _facts(after)
    areas = list(dict.fromkeys(area for area, _ in [*old, *new]))
    every = sorted(dict.fromkeys([*old, *new]), key=lambda fact: areas.index(fact[0]))
    return [
        Difference(*fact, old.get(fact), new.get(fact))
        for fact in every
        if old.get(fact) != new.get(fact)
    ]


def _facts(release: Release) -> Facts:
    facts: Facts = {
        ("source", "commit"): release.source.commit or "none",
        ("source", "clean"): _text(release.source.clean),
    }
    tags = {image.digest: image.tag for image in release.images}
    for model in release.models:
        facts["model", f"{model.logical_id} manifest"] = model.manifest_sha256 or "none"
        if model.archive:
            facts["model", f"{model.logical_id} archive"] = model.archive.sha256
            facts["model", f"{model.logical_id} bytes"] = f"{model.archive.size:,}"
    for model in release.models:
        facts["image", f"{model.logical_id} digest"] = model.image
        facts["image", f"{model.logical_id} tag"] = tags.get(model.image) or "none"
    for path, value in _leaves(release.settings):
        facts["settings", path] = _text(value)
    for stack, sha256 in release.templates.items():
        facts["template", stack.removeprefix(f"{release.project}-{release.stage}-")] = sha256
    if latest := release.latest_evidence:
        facts["evidence", "result"] = latest.said
        for check in latest.checks:
            facts["evidence", check.name] = check.found
    return facts


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a document by their dotted paths; a list is one value."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
