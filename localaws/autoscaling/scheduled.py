"""Scheduled actions: put, described, deleted, and carried out when they are due."""

import math
import time
import uuid
from datetime import UTC, datetime

from localaws.autoscaling import schedules
from localaws.autoscaling.registry import CROSSED, REGISTRY, Registry, ScheduledAction
from localaws.autoscaling.requests import described, key_of
from localaws.json_api import refuse
from localaws.scope import Document, Scope


def put_scheduled_action(where: Scope, request: Document) -> Document:
    """Create a scheduled action of a registered target, or replace it."""
    key = key_of(where, request)
    name, bounds = request["ScheduledActionName"], request.get("ScalableTargetAction", {})
    refuse(
        "Schedule" not in request or not bounds,
        "A scheduled action needs a Schedule and a ScalableTargetAction.",
    )
    refuse(bounds.get("MinCapacity", 0) > bounds.get("MaxCapacity", math.inf), CROSSED)
    arn = (
        f"arn:aws:autoscaling:{where.region}:{where.account}:scheduledAction:{uuid.uuid4()}:"
        f"resource/sagemaker/{key.resource_id}:scheduledActionName/{name}"
    )
    times = {one: _epoch(request[one]) for one in ("StartTime", "EndTime") if one in request}
    with REGISTRY.lock:
        REGISTRY.target(key)
        known = REGISTRY.scheduled.get((key, name))
        own = {"ScheduledActionARN": arn, "CreationTime": time.time()}
        if known:
            own = {one: known.document[one] for one in own}
        begun = times.get("StartTime", time.time())
        due = schedules.parse(request["Schedule"], request.get("Timezone", "UTC"), begun)
        REGISTRY.scheduled[key, name] = ScheduledAction(
            key, request | times | own, due, time.time()
        )
    return {}


def delete_scheduled_action(where: Scope, request: Document) -> Document:
    """Delete a scheduled action."""
    key, name = key_of(where, request), request["ScheduledActionName"]
    with REGISTRY.lock:
        if REGISTRY.scheduled.pop((key, name), None) is None:
            raise key.missing("scheduled action", name)
    return {}


def describe_scheduled_actions(where: Scope, request: Document) -> Document:
    """The scheduled actions, oldest first."""
    with REGISTRY.lock:
        found = [(key, name, one.document) for (key, name), one in REGISTRY.scheduled.items()]
    return described("ScheduledActions", found, where, request, "ScheduledActionNames")


def carry_out(registry: Registry, now: float) -> None:
    """Set the bounds of targets whose scheduled actions have come due since the last time."""
    with registry.lock:
        for action in list(registry.scheduled.values()):
            after, action.evaluated = action.evaluated, now
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
        f"Successfully set {message}" if valid else CROSSED,
        (now, now),
        failed=not valid,
    )


def _epoch(moment: float | str) -> float:
    """Epoch seconds; CloudFormation writes moments as ISO 8601, in UTC where it says no other."""
    if not isinstance(moment, str):
        return moment
    read = datetime.fromisoformat(moment)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
