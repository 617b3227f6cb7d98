"""Scalable targets: registered, described, and their scaling activities.

Each operation takes where the request came from and its members, already checked against
botocore's model.
"""

import time
import uuid

from localaws.autoscaling import policies, variants
from localaws.autoscaling.registry import CROSSED, REGISTRY, Target
from localaws.autoscaling.requests import described, key_of
from localaws.json_api import AwsError, refuse
from localaws.scope import Document, Scope

_SERVICE_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)

_NOT_SUSPENDED = {
    f"{kind}Suspended": False
    for kind in ("DynamicScalingIn", "DynamicScalingOut", "ScheduledScaling")
}


def register_scalable_target(where: Scope, request: Document) -> Document:
    """Register a target, or change what the request names of a registered one."""
    key = key_of(where, request)
    variant = variants.find(key)
    if variant is None:
        raise AwsError.validation(
            f"SageMaker variant doesn't exist: {key.resource_id} for {key.dimension}"
        )
    given = {name: value for name, value in request.items() if name not in ("RoleARN", "Tags")}
    with REGISTRY.lock:
        known = REGISTRY.targets.get(key)
        document = (known.document if known else _new(where)) | given
        document["SuspendedState"] = _NOT_SUSPENDED | document.get("SuspendedState", {})
        refuse(
            not {"MinCapacity", "MaxCapacity"} <= document.keys(),
            "MinCapacity and MaxCapacity are required for a new scalable target.",
        )
        refuse(document["MinCapacity"] > document["MaxCapacity"], CROSSED)
        refuse(
            document["MinCapacity"] < variant.least,
            f"Minimum capacity cannot be less than {variant.least} for {key.resource_id}: only"
            " asynchronous endpoints scale to zero instances.",
        )
        REGISTRY.targets[key] = Target(key, document)
    return {"ScalableTargetARN": document["ScalableTargetARN"]}


def _new(where: Scope) -> Document:
    arn = f"arn:aws:application-autoscaling:{where.region}:{where.account}:scalable-target"
    return {
        "CreationTime": time.time(),
        "RoleARN": _SERVICE_ROLE.format(account=where.account),
        "ScalableTargetARN": f"{arn}/{uuid.uuid4().hex}",
    }


def deregister_scalable_target(where: Scope, request: Document) -> Document:
    """Deregister a target; delete its scheduled actions, its policies and their alarms."""
    key = key_of(where, request)
    with REGISTRY.lock:
        REGISTRY.target(key)
        del REGISTRY.targets[key]
        for action in [one for one in REGISTRY.scheduled if one[0] == key]:
            del REGISTRY.scheduled[action]
        orphans = REGISTRY.policies_of(key)
    for policy in orphans:
        policies.delete(policy)
    return {}


def describe_scalable_targets(where: Scope, request: Document) -> Document:
    """The registered targets, oldest first."""
    with REGISTRY.lock:
        found = [(key, key.resource_id, one.document) for key, one in REGISTRY.targets.items()]
    return described("ScalableTargets", found, where, request, "ResourceIds")


def describe_scaling_activities(where: Scope, request: Document) -> Document:
    """What was scaled, latest first."""
    with REGISTRY.lock:
        found = [(key, "", one) for key, several in REGISTRY.activities.items() for one in several]
    found.sort(key=lambda one: one[2]["StartTime"], reverse=True)
    return described("ScalingActivities", found, where, request)
