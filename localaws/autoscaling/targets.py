"""Scalable targets: registered, described, and their scaling activities.

Each operation takes where the request came from and its members, already checked against
botocore's model.
"""

import time
import uuid

from localaws.autoscaling import policies, variants
from localaws.autoscaling.registry import REGISTRY, Target
from localaws.autoscaling.requests import key_of, matches, page
from localaws.json_api import AwsError
from localaws.scope import Document, Scope

_SERVICE_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


def register_scalable_target(where: Scope, request: Document) -> Document:
    """Register a target, or change what the request names of a registered one."""
    key = key_of(where, request)
    variant = variants.find(key)
    if variant is None:
        raise AwsError.validation(
            f"SageMaker variant doesn't exist: {key.resource_id} for {key.dimension}"
        )
    with REGISTRY.lock:
        known = REGISTRY.targets.get(key)
        document = known.document | _given(request) if known else _given(request)
        if not {"MinCapacity", "MaxCapacity"} <= document.keys():
            raise AwsError.validation(
                "MinCapacity and MaxCapacity are required for a new scalable target."
            )
        if document["MinCapacity"] > document["MaxCapacity"]:
            raise AwsError.validation("Maximum capacity cannot be less than minimum capacity")
        if document["MinCapacity"] < variant.least:
            raise AwsError.validation(
                f"Minimum capacity cannot be less than {variant.least} for {key.resource_id}:"
                " only asynchronous endpoints scale to zero instances."
            )
        if known:
            known.document = document
            known.tags.update(request.get("Tags", {}))
            return {"ScalableTargetARN": document["ScalableTargetARN"]}
    arn = (
        f"arn:aws:application-autoscaling:{where.region}:{where.account}:"
        f"scalable-target/{uuid.uuid4().hex}"
    )
    document |= {
        "CreationTime": time.time(),
        "RoleARN": _SERVICE_ROLE.format(account=where.account),
        "ScalableTargetARN": arn,
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        }
        | document.get("SuspendedState", {}),
    }
    with REGISTRY.lock:
        REGISTRY.targets[key] = Target(key, document, dict(request.get("Tags", {})))
    return {"ScalableTargetARN": arn}


def deregister_scalable_target(where: Scope, request: Document) -> Document:
    """Deregister a target; delete its scheduled actions, its policies and their alarms."""
    key = key_of(where, request)
    with REGISTRY.lock:
        policies.registered(key)
        del REGISTRY.targets[key]
        for action in [one for one in REGISTRY.scheduled if one[0] == key]:
            del REGISTRY.scheduled[action]
        orphans = REGISTRY.policies_of(key)
    for policy in orphans:
        policies.delete(policy)
    return {}


def describe_scalable_targets(where: Scope, request: Document) -> Document:
    """The registered targets, oldest first."""
    wanted = request.get("ResourceIds")
    with REGISTRY.lock:
        found = [
            target.document
            for key, target in REGISTRY.targets.items()
            if matches(key, where, request) and (not wanted or key.resource_id in wanted)
        ]
    return page("ScalableTargets", found, request)


def describe_scaling_activities(where: Scope, request: Document) -> Document:
    """What was scaled, latest first."""
    with REGISTRY.lock:
        found = [
            activity
            for key, activities in REGISTRY.activities.items()
            if matches(key, where, request)
            for activity in activities
        ]
    found.sort(key=lambda activity: activity["StartTime"], reverse=True)
    return page("ScalingActivities", found, request)


def list_tags_for_resource(where: Scope, request: Document) -> Document:
    """A target's tags."""
    return {"Tags": dict(_tagged(where, request).tags)}


def _given(request: Document) -> Document:
    names = "ServiceNamespace ResourceId ScalableDimension MinCapacity MaxCapacity SuspendedState"
    return {name: request[name] for name in names.split() if name in request}


def _tagged(where: Scope, request: Document) -> Target:
    arn = request["ResourceARN"]
    with REGISTRY.lock:
        for key, target in REGISTRY.targets.items():
            if key.scope == where and target.document["ScalableTargetARN"] == arn:
                return target
    raise AwsError("ResourceNotFoundException", f"The scalable target {arn} does not exist.")
