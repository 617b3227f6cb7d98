"""What an update means for an endpoint: traffic, instance count, and what SageMaker refuses."""

import math
import re
from collections.abc import Iterator
from typing import Any

from stacks.deployment_plan.compare import Change, Resource
from stacks.deployment_plan.intrinsics import references, render

Resources = dict[str, Resource]

# What UpdateEndpoint retains of a variant, by the EndpointConfig's property that starts it.
_RETAINED = {
    "InitialInstanceCount": "DesiredInstanceCount",
    "InitialVariantWeight": "DesiredWeight",
}
_TARGET = re.compile(r"endpoint/(?P<endpoint>.+)/variant/(?P<variant>.+)")


def traffic(change: Change, resources: Resources) -> list[str]:
    """How an endpoint's traffic goes to the new instances, in how long, and what takes it back.

    The waits are those of SageMaker's guide: a baking period after every step, the last one
    included, and TerminationWaitInSeconds before the old instances go
    (deployment-guardrails-blue-green-canary and its neighbours).
    """
    deployment = _deployment(change)
    counts = variants(change.after, resources).values()
    instances = sum(variant.get("InitialInstanceCount", 0) for variant in counts)
    if "RollingUpdatePolicy" in deployment:
        how, seconds = _rolling(deployment["RollingUpdatePolicy"], instances)
    else:
        how, seconds = _blue_green(deployment.get("BlueGreenUpdatePolicy", {}), instances)
    names = [
        render(alarm["AlarmName"], resources)
        for alarm in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    ]
    when = f"in about {_minutes(seconds)}, and what the new instances take to start"
    back = f"goes back if an alarm goes off: {', '.join(names)}" if names else "no alarm undoes it"
    serving = "as soon as the new instances serve"
    return [f"shifts traffic {how}, {when if seconds else serving}", back]


def _deployment(change: Change) -> dict[str, Any]:
    """The template's DeploymentConfig; where it has none, the last one's if that is retained.

    RetainDeploymentConfig of UpdateEndpoint.
    """
    was, will = (each.get("Properties", {}) for each in (change.before, change.after))
    kept = was.get("DeploymentConfig") if will.get("RetainDeploymentConfig") else None
    found: dict[str, Any] = will.get("DeploymentConfig") or kept or {}
    return found


def _blue_green(policy: dict[str, Any], instances: int) -> tuple[str, int]:
    routing = policy.get("TrafficRoutingConfiguration", {})
    wait = int(routing.get("WaitIntervalInSeconds", 0))
    end = int(policy.get("TerminationWaitInSeconds", 0))
    match routing.get("Type", "ALL_AT_ONCE"):
        case "CANARY":
            size = _size(routing["CanarySize"])
            how = f"by canary: {size}, then the rest after {_minutes(wait)}"
            return how, 2 * wait + end
        case "LINEAR":
            steps = _steps(routing["LinearStepSize"], instances)
            size = _size(routing["LinearStepSize"])
            how = f"in {steps} linear steps: {size} every {_minutes(wait)}"
            return how, steps * wait + end
    return "all at once", wait + end


def _rolling(policy: dict[str, Any], instances: int) -> tuple[str, int]:
    wait, size = int(policy.get("WaitIntervalInSeconds", 0)), policy["MaximumBatchSize"]
    steps = _steps(size, instances)
    how = f"in {steps} rolling batches: {_size(size)} every {_minutes(wait)}"
    return how, steps * wait


def _size(capacity: dict[str, Any]) -> str:
    percent = capacity["Type"] == "CAPACITY_PERCENT"
    value = int(capacity["Value"])
    return f"{value} % of capacity" if percent else _count(value, "instance")


def _steps(capacity: dict[str, Any], instances: int) -> int:
    # A size in instances makes more steps where scaling has added some: InitialInstanceCount is
    # what the template knows.
    whole = 100 if capacity["Type"] == "CAPACITY_PERCENT" else instances
    return max(1, math.ceil(whole / int(capacity["Value"])))


def _minutes(seconds: int) -> str:
    if seconds % 60 and seconds < 120:
        return f"{seconds} s"
    return _count(round(seconds / 60), "minute")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def capacity(change: Change, old: Resources, new: Resources) -> list[str]:
    """Whether the variants that stay keep their instance count; nothing where none has instances.

    RetainAllVariantProperties and ExcludeRetainedVariantProperties of UpdateEndpoint.
    """
    before, scaled = variants(change.before, old), _scaled(change, old)
    lines = []
    for name, variant in variants(change.after, new).items():
        count = variant.get("InitialInstanceCount")
        if name not in before and count is not None:
            lines.append(f"starts variant {name} with {_count(count, 'instance')}")
        elif name in before and count is not None and _retains(change, "DesiredInstanceCount"):
            reached = "the instance count that scaling has reached"
            lines.append(f"keeps {reached if name in scaled else 'its instance count'}")
        elif name in before and count is not None:
            lines.append(f"resets the instance count to InitialInstanceCount, {count}")
        lines += _without_effect(change, before.get(name, variant), variant)
    return list(dict.fromkeys(lines))


def _retains(change: Change, name: str) -> bool:
    properties = change.after["Properties"]
    excluded = properties.get("ExcludeRetainedVariantProperties", [])
    return bool(properties.get("RetainAllVariantProperties")) and name not in {
        each["VariantPropertyType"] for each in excluded
    }


def _without_effect(change: Change, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What is set anew and retained all the same: these hold for a variant's first start."""
    for initial, current in _RETAINED.items():
        was, will = before.get(initial), after.get(initial)
        if was != will and _retains(change, current):
            yield f"{initial} of {after['VariantName']}, {was} → {will}, has no effect: retained"


def refusals(change: Change, old: Resources, new: Resources, stage: str) -> list[str]:
    """Why SageMaker would refuse the update of an endpoint, and in which order it takes it.

    Application Auto Scaling lets no registered variant change its instance type or go away
    (endpoint-scaling-update in SageMaker's guide). Taking the target off in the same update is too
    late: CloudFormation removes resources after it has updated the others.
    """
    before, after = variants(change.before, old), variants(change.after, new)
    clashes = []
    for name in sorted(_scaled(change, old) & before.keys()):
        if name not in after:
            clashes.append(f"variant {name} goes away")
        elif _hardware(before[name]) != _hardware(after[name]):
            was, will = _hardware(before[name]), _hardware(after[name])
            clashes.append(f"variant {name} goes from {was} to {will}")
    if not clashes:
        return []
    return [
        f"SageMaker refuses this while scaling is on: {'; '.join(clashes)}; deploy three times:",
        f"first with [{stage}.scaling] enabled = false, and nothing else changed",
        "then this change, scaling still off",
        f"then with [{stage}.scaling] enabled = true",
    ]


def variants(endpoint: Resource, resources: Resources) -> dict[str, dict[str, Any]]:
    """The variants, by name, of the EndpointConfig that an Endpoint names in a template."""
    named = [name for _, name in references(endpoint["Properties"].get("EndpointConfigName"))]
    found: dict[str, dict[str, Any]] = {}
    for name in named:
        properties = resources.get(name, {}).get("Properties", {})
        for variant in properties.get("ProductionVariants", []):
            found[variant["VariantName"]] = variant
    return found


def _scaled(change: Change, resources: Resources) -> set[str]:
    """The endpoint's variants that a template registers with Application Auto Scaling."""
    endpoint = render({"Fn::GetAtt": [change.logical_id, "EndpointName"]}, resources)
    targets = (
        _TARGET.fullmatch(render(resource["Properties"]["ResourceId"], resources))
        for resource in resources.values()
        if resource["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget"
    )
    return {found["variant"] for found in targets if found and found["endpoint"] == endpoint}


def _hardware(variant: dict[str, Any]) -> str:
    pools = sorted(variant.get("InstancePools", []), key=lambda pool: int(pool["Priority"]))
    types = [pool["InstanceType"] for pool in pools] or [variant.get("InstanceType", "serverless")]
    return ", ".join(types)
