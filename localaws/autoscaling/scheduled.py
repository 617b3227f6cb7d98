"""ScheduledAction actions: put, described, deleted, and carried out when they are due."""

import time
import uuid
from datetime import UTC, datetime

from localaws.autoscaling import schedules
from localaws.autoscaling.policies import registered
from localaws.autoscaling.registry import REGISTRY, Registry, ScheduledAction
from localaws.autoscaling.requests import key_of, matches, page
from localaws.json_api import AwsError
from localaws.scope import Document, Scope

_CROSSED = "Maximum capacity cannot be less than minimum capacity"
_BOUNDS = ("MinCapacity", "MaxCapacity")


def put_scheduled_action(where: Scope, request: Document) -> Document:
    """Create a scheduled action of a registered target, or replace it."""
    key = key_of(where, request)
    name, bounds = request["ScheduledActionName"], request.get("ScalableTargetAction", {})
    if "Schedule" not in request or not bounds:
        raise AwsError.validation("A scheduled action needs a Schedule and a ScalableTargetAction.")
    _check(bounds)
    arn = (
        f"arn:aws:autoscaling:{where.region}:{where.account}:scheduledAction:{uuid.uuid4()}:"
        f"resource/sagemaker/{key.resource_id}:scheduledActionName/{name}"
    )
    times = {one: _epoch(request[one]) for one in ("StartTime", "EndTime") if one in request}
    with REGISTRY.lock:
        registered(key)
        known = REGISTRY.scheduled.get((key, name))
        own = {"ScheduledActionARN": arn, "CreationTime": time.time()}
        if known:
            own = {one: known.document[one] for one in own}
        begun = times.get("StartTime", time.time())
        try:
            due = schedules.parse(request["Schedule"], request.get("Timezone", "UTC"), begun)
        except ValueError as error:
            raise AwsError.validation(str(error)) from None
        REGISTRY.scheduled[key, name] = ScheduledAction(
            key, request | times | own, due, time.time()
        )
    return {}


def delete_scheduled_action(where: Scope, request: Document) -> Document:
    """Delete a scheduled action."""
    key, name = key_of(where, request), request["ScheduledActionName"]
    with REGISTRY.lock:
        if REGISTRY.scheduled.pop((key, name), None) is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scheduled action found for service namespace: sagemaker, resource ID:"
                f" {key.resource_id}, scheduled action name: {name}",
            )
    return {}


def describe_scheduled_actions(where: Scope, request: Document) -> Document:
    """The scheduled actions, oldest first."""
    wanted = request.get("ScheduledActionNames")
    with REGISTRY.lock:
        found = [
            one.document
            for (key, name), one in REGISTRY.scheduled.items()
            if matches(key, where, request) and (not wanted or name in wanted)
        ]
    return page("ScheduledActions", found, request)


def carry_out(registry: Registry, now: float) -> None:
    """Set the bounds of targets whose scheduled actions have come due since the last time."""
    with registry.lock:
        for action in list(registry.scheduled.values()):
            after, action.looked = action.looked, now
            target = registry.targets.get(action.key)
            start, end = (action.document.get(one) for one in ("StartTime", "EndTime"))
            within = (start is None or now >= start) and (end is None or now <= end)
            if target is None or target.suspended("ScheduledScaling") or not within:
                continue
            if action.due(after, now):
                _set_bounds(registry, action, now)


def _set_bounds(registry: Registry, action: ScheduledAction, now: float) -> None:
    target = registry.targets[action.key]
    wanted = target.document | action.document["ScalableTargetAction"]
    message = " and ".join(
        f"{name[:3].lower()} capacity to {value}"
        for name, value in action.document["ScalableTargetAction"].items()
    )
    valid = wanted["MinCapacity"] <= wanted["MaxCapacity"]
    if valid:
        target.document = wanted
    registry.record(
        action.key,
        f"Setting {message}",
        f"scheduled action name {action.document['ScheduledActionName']} was triggered",
        f"Successfully set {message}" if valid else _CROSSED,
        (now, now),
        failed=not valid,
    )


def _check(bounds: Document) -> None:
    if all(one in bounds for one in _BOUNDS) and bounds["MinCapacity"] > bounds["MaxCapacity"]:
        raise AwsError.validation(_CROSSED)


def _epoch(moment: float | str) -> float:
    """Epoch seconds; CloudFormation writes moments as ISO 8601, in UTC where it says no other."""
    if not isinstance(moment, str):
        return moment
    read = datetime.fromisoformat(moment)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
