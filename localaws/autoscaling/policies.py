"""Scaling policies and the CloudWatch alarms that each of them has."""

import time
import uuid

from localaws.autoscaling import evaluation, steps, tracking, variants
from localaws.autoscaling.registry import REGISTRY, Key, Policy, cooldowns_of
from localaws.autoscaling.requests import described, key_of
from localaws.clients import client
from localaws.json_api import refuse
from localaws.scope import Document, Scope


def put_scaling_policy(where: Scope, request: Document) -> Document:
    """Create or replace a policy; target tracking has two alarms of its own, steps have others'."""
    key = key_of(where, request)
    kind = request.get("PolicyType", "StepScaling")
    member = f"{kind}PolicyConfiguration"
    configuration = request.get(member, {})
    metric = _metric(key, kind, configuration)
    with REGISTRY.lock:
        REGISTRY.target(key)
        known = REGISTRY.policies.get((key, request["PolicyName"]))
        refuse(
            known and known.document["PolicyType"] != kind,
            "The PolicyType of a scaling policy cannot be changed.",
        )
        document = known.document if known else _new_policy(where, key, request, kind)
        document = document | {member: configuration}
        policy = Policy(key, document, metric, cooldowns_of(configuration))
        REGISTRY.policies[key, policy.name] = policy
    if metric:
        for name in policy.alarm_names:
            client(where, "cloudwatch").put_metric_alarm(
                **tracking.alarm(metric, configuration["TargetValue"], name, document["PolicyARN"])
            )
    return {"PolicyARN": document["PolicyARN"], "Alarms": document["Alarms"]}


def _metric(key: Key, kind: str, configuration: Document) -> Document | None:
    """The metric of a policy of that type; AwsError where the configuration is of another type."""
    if kind == "StepScaling":
        steps.check(configuration)
        return None
    refuse(
        kind != "TargetTrackingScaling",
        f"localaws does not evaluate policies of PolicyType {kind}.",
    )
    names = variants.names(key.resource_id)
    return tracking.metric_of(configuration, key.dimension, *names)


def delete_scaling_policy(where: Scope, request: Document) -> Document:
    """Delete a policy and its alarms."""
    key = key_of(where, request)
    with REGISTRY.lock:
        policy = REGISTRY.policies.get((key, request["PolicyName"]))
    if policy is None:
        raise key.missing("scaling policy", request["PolicyName"])
    delete(policy)
    return {}


def describe_scaling_policies(where: Scope, request: Document) -> Document:
    """The policies, oldest first."""
    with REGISTRY.lock:
        policies = list(REGISTRY.policies.values())
    found = ((one.key, one.name, _with_alarms(one)) for one in policies)
    return described("ScalingPolicies", found, where, request, "PolicyNames")


def _with_alarms(policy: Policy) -> Document:
    """A policy with its alarms; those of a step scaling policy name it as an action."""
    if policy.metric:
        return policy.document
    alarms = [
        {"AlarmName": alarm["AlarmName"], "AlarmARN": alarm["AlarmArn"]}
        for alarm in evaluation.alarms_of(policy)
    ]
    return policy.document | {"Alarms": alarms}


def _new_policy(where: Scope, key: Key, request: Document, kind: str) -> Document:
    name, region, account = request["PolicyName"], where.region, where.account
    arn = (
        f"arn:aws:autoscaling:{region}:{account}:scalingPolicy:{uuid.uuid4()}:resource/sagemaker/"
        f"{key.resource_id}:policyName/{name}"
    )
    sides = ("High", "Low") if kind == "TargetTrackingScaling" else ()
    alarms = [f"TargetTracking-{key.resource_id}-Alarm{side}-{uuid.uuid4()}" for side in sides]
    return {
        "PolicyARN": arn,
        "PolicyName": name,
        "ServiceNamespace": "sagemaker",
        "ResourceId": key.resource_id,
        "ScalableDimension": key.dimension,
        "PolicyType": kind,
        "Alarms": [
            {"AlarmName": each, "AlarmARN": f"arn:aws:cloudwatch:{region}:{account}:alarm:{each}"}
            for each in alarms
        ],
        "CreationTime": time.time(),
    }


def delete(policy: Policy) -> None:
    """Delete a policy, and the alarms of target tracking."""
    with REGISTRY.lock:
        REGISTRY.policies.pop((policy.key, policy.name), None)
    if policy.alarm_names:
        client(policy.key.scope, "cloudwatch").delete_alarms(AlarmNames=policy.alarm_names)
