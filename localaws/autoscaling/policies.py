"""Scaling policies and the CloudWatch alarms that each of them has."""

import time
import uuid

from localaws.autoscaling import tracking, variants
from localaws.autoscaling.answers import Members, Refused, invalid, key_of, matches, page
from localaws.autoscaling.clients import Scope, client
from localaws.autoscaling.registry import REGISTRY, Key, Policy, Target, cooldowns_of


def put_scaling_policy(where: Scope, request: Members) -> Members:
    """Create or replace a target tracking policy and its two alarms."""
    key = key_of(where, request)
    if request.get("PolicyType", "StepScaling") != "TargetTrackingScaling":
        raise invalid("localaws evaluates policies of PolicyType TargetTrackingScaling alone.")
    configuration = request.get("TargetTrackingScalingPolicyConfiguration")
    if not configuration or configuration["TargetValue"] <= 0:
        raise invalid("TargetTrackingScalingPolicyConfiguration with a TargetValue above 0 needed")
    try:
        metric = tracking.metric_of(configuration, *variants.names(key.resource_id))
    except ValueError as error:
        raise invalid(str(error)) from None
    with REGISTRY.lock:
        registered(key)
        known = REGISTRY.policies.get((key, request["PolicyName"]))
        document = known.document if known else _new_policy(where, key, request)
        document = document | {"TargetTrackingScalingPolicyConfiguration": configuration}
        policy = Policy(key, document, metric, cooldowns_of(configuration))
        REGISTRY.policies[key, policy.name] = policy
    for name in policy.alarm_names:
        client("cloudwatch", where).put_metric_alarm(
            **tracking.alarm(metric, configuration["TargetValue"], name, document["PolicyARN"])
        )
    return {"PolicyARN": document["PolicyARN"], "Alarms": document["Alarms"]}


def delete_scaling_policy(where: Scope, request: Members) -> Members:
    """Forget a policy and its alarms."""
    key = key_of(where, request)
    with REGISTRY.lock:
        policy = REGISTRY.policies.get((key, request["PolicyName"]))
    if policy is None:
        raise Refused(
            "ObjectNotFoundException",
            f"No scaling policy found for service namespace: sagemaker, resource ID:"
            f" {key.resource_id}, scalable dimension: {key.dimension}, policy name:"
            f" {request['PolicyName']}",
        )
    delete(policy)
    return {}


def describe_scaling_policies(where: Scope, request: Members) -> Members:
    """The policies, oldest first."""
    wanted = request.get("PolicyNames")
    with REGISTRY.lock:
        found = [
            policy.document
            for policy in REGISTRY.policies.values()
            if matches(policy.key, where, request) and (not wanted or policy.name in wanted)
        ]
    return page("ScalingPolicies", found, request)


def registered(key: Key) -> Target:
    """The target; Refused where none is registered. Hold the registry's lock."""
    target = REGISTRY.targets.get(key)
    if target is None:
        raise Refused(
            "ObjectNotFoundException",
            f"No scalable target found for service namespace: sagemaker, resource ID:"
            f" {key.resource_id}, scalable dimension: {key.dimension}",
        )
    return target


def _new_policy(where: Scope, key: Key, request: Members) -> Members:
    name, region, account = request["PolicyName"], where.region, where.account
    arn = (
        f"arn:aws:autoscaling:{region}:{account}:scalingPolicy:{uuid.uuid4()}:resource/sagemaker/"
        f"{key.resource_id}:policyName/{name}"
    )
    alarms = [
        f"TargetTracking-{key.resource_id}-Alarm{side}-{uuid.uuid4()}" for side in ("High", "Low")
    ]
    return {
        "PolicyARN": arn,
        "PolicyName": name,
        "ServiceNamespace": "sagemaker",
        "ResourceId": key.resource_id,
        "ScalableDimension": key.dimension,
        "PolicyType": "TargetTrackingScaling",
        "Alarms": [
            {"AlarmName": each, "AlarmARN": f"arn:aws:cloudwatch:{region}:{account}:alarm:{each}"}
            for each in alarms
        ],
        "CreationTime": time.time(),
    }


def delete(policy: Policy) -> None:
    """Forget a policy, and delete its alarms."""
    with REGISTRY.lock:
        REGISTRY.policies.pop((policy.key, policy.name), None)
    client("cloudwatch", policy.key.scope).delete_alarms(AlarmNames=policy.alarm_names)
