"""A recorded assembly held against what the checkout that promotes knows."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws import snapshots
from aws.assembly import Template
from aws.stage import Stage
from promotion.broadening import broadening
from promotion.checkout import file_of, has_commit
from promotion.release import Release
from stacks.compliance.endpoint_rules import RULES


def broken_rules(target: Stage, templates: Mapping[str, Template]) -> list[str]:
    """A line for each rule of the endpoint pack that the templates break.

    The rules are the checkout's, and what they ask of the stage (is it production, has its
    container a network) is what the checkout's stages.toml says, not what the templates say.
    """
    plan = target.plan
    lines = []
    for stack, template in templates.items():
        own = stack == plan.names.serving_stack
        judged = {**template, "Metadata": {"Berth": plan.metadata} if own else {}}
        for rule in RULES:
            try:
                found = sorted(rule.broken_by(judged))
            # A template of another hand may be anything: what a rule cannot read, it cannot pass.
            except (AttributeError, KeyError, TypeError, ValueError):
                found = ["a resource cannot be judged"]
            lines += [f"{stack}: {each}: breaks {rule.name}: {rule.asks_for}" for each in found]
    return lines


def not_reviewed(target: Stage, release: Release, templates: Mapping[str, Template]) -> list[str]:
    """A line for each thing that nobody has agreed to, by a review or by deploying it.

    Raises AwsError where a stack is not at rest.
    """
    return [*broadening(target, templates), *_differences(target, release, templates)]


def _differences(
    target: Stage, release: Release, templates: Mapping[str, Template]
) -> Iterator[str]:
    """Where the templates differ from the snapshots of the commit that they were made from.

    The snapshots stand for a synth of that commit: `berth snapshots --check` holds them equal to
    it, and reading them runs none of its code. Nothing where the release is of no clean commit of
    the checkout's history, or the commit has no snapshots.
    """
    commit, folder = release.source.commit, target.plan.file.parent
    if commit is None or not release.source.clean or not has_commit(folder, commit):
        return
    for stack, template in templates.items():
        name = f"{snapshots.FOLDER}/{snapshots.name_of(target, stack)}"
        text = file_of(folder, commit, name)
        if text is None:
            continue
        recorded = snapshots.template(snapshots.snapshot(template))
        for place in _unequal(snapshots.template(text), recorded):
            yield f"{stack}: {place}: not as in {name} of commit {commit[:7]}"


def _unequal(kept: dict[str, Any], recorded: dict[str, Any]) -> Iterator[str]:
    """The logical ids, else the sections, in which two templates differ."""
    for section in sorted(kept.keys() | recorded.keys()):
        before, after = kept.get(section, {}), recorded.get(section, {})
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            names = sorted(before.keys() | after.keys())
            yield from (name for name in names if before.get(name) != after.get(name))
        else:
            yield section
