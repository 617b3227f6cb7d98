"""The operations, for the API and for CloudFormation."""

import asyncio
from collections.abc import Callable
from functools import partial

from localaws import json_api
from localaws.autoscaling import policies, scheduled, targets
from localaws.autoscaling.registry import REGISTRY
from localaws.autoscaling.scaler import Scaler
from localaws.json_api import AwsError
from localaws.ministack.services import scope
from localaws.scope import Document, Scope
from localaws.validation import validate

SERVICE = "application-autoscaling"
ROUTES = {"target_prefixes": ["AnyScaleFrontendService."]}

EVALUATION_SECONDS = 5.0
"""How often policies are evaluated; AWS takes up to a minute."""

OPERATIONS: dict[str, Callable[[Scope, Document], Document]] = {
    "DeleteScalingPolicy": policies.delete_scaling_policy,
    "DeleteScheduledAction": scheduled.delete_scheduled_action,
    "DeregisterScalableTarget": targets.deregister_scalable_target,
    "DescribeScalableTargets": targets.describe_scalable_targets,
    "DescribeScalingActivities": targets.describe_scaling_activities,
    "DescribeScalingPolicies": policies.describe_scaling_policies,
    "DescribeScheduledActions": scheduled.describe_scheduled_actions,
    "PutScalingPolicy": policies.put_scaling_policy,
    "PutScheduledAction": scheduled.put_scheduled_action,
    "RegisterScalableTarget": targets.register_scalable_target,
}

_scaler = Scaler(REGISTRY)


async def handle(
    _method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, object]
) -> json_api.Response:
    """Respond to one request of the JSON protocol."""
    operation = partial(perform, json_api.operation_of(headers))
    # Operations call other services on the port that this event loop serves.
    return await asyncio.to_thread(json_api.respond, operation, body)


def shutdown() -> None:
    """Stop evaluating."""
    _scaler.stop()


def perform(operation: str, request: Document) -> Document:
    """Check and carry out an operation; the evaluation begins with the first target.

    Raises AwsError.
    """
    if operation not in OPERATIONS:
        message = f"localaws does not emulate {operation!r}."
        raise AwsError("UnknownOperationException", message)
    validate(SERVICE, operation, request)
    response = OPERATIONS[operation](scope(), request)
    if operation == "RegisterScalableTarget":
        _scaler.start(EVALUATION_SECONDS)
    return response
