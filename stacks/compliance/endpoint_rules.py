"""The rules of the endpoint pack: pure functions of a template.

What a template does not tell of itself, its stack says in the metadata `Berth` (`stage_facts`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from stacks.compatibility import has_local_storage
from stacks.compliance.acknowledged import UNSCOPED_ACTIONS, reason_for_wildcard

Template = dict[str, Any]
_PINNED_IMAGE = re.compile(r"(:|@sha256:)[0-9a-f]{64}\b")
_CAPACITY = "AWS::ApplicationAutoScaling::ScalableTarget"
_CONFIG = "AWS::SageMaker::EndpointConfig"
_ENDPOINT = "AWS::SageMaker::Endpoint"
_MODEL = "AWS::SageMaker::Model"


@dataclass(frozen=True)
class Rule:
    """A rule: its name, what it asks for, and the logical ids in a template that break it."""

    name: str
    asks_for: str
    broken_by: Callable[[Template], Iterable[str]]


def _facts(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template.get("Metadata", {}).get("Berth", {})
    return found


def _of(template: Template, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})


def _variants(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]


def _has_network(template: Template) -> Iterator[str]:
    if _facts(template).get("mode") == "serverless":
        return  # which knows no network isolation
    allowed = _facts(template).get("network_isolation") is False
    for logical_id, model in _of(template, _MODEL):
        if not model.get("EnableNetworkIsolation") and not allowed:
            yield logical_id


def _image_may_change(template: Template) -> Iterator[str]:
    for logical_id, model in _of(template, _MODEL):
        containers = [model.get("PrimaryContainer", {}), *model.get("Containers", [])]
        images = [str(one["Image"]) for one in containers if "Image" in one]
        if not all(map(_PINNED_IMAGE.search, images)):
            yield logical_id


def _is_alone(template: Template) -> Iterator[str]:
    facts = _facts(template)
    if not facts.get("production") or facts.get("single_instance"):
        return
    for logical_id, config in _of(template, _CONFIG):
        counts = [one.get("InitialInstanceCount", 2) for one in config["ProductionVariants"]]
        if min(counts) < 2:
            yield logical_id
    for logical_id, target in _of(template, _CAPACITY):
        if facts["mode"] != "serverless" and target["MinCapacity"] < 2:
            yield logical_id


def _trusts_other_accounts(template: Template) -> Iterator[str]:
    for logical_id, role in _of(template, "AWS::IAM::Role"):
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            operators = statement.get("Condition", {}).values()
            conditions = {key for operator in operators for key in operator}
            # Lambda's own page asks for no condition: only its control plane takes on the role.
            by_lambda = statement["Principal"].get("Service") == "lambda.amazonaws.com"
            if "aws:SourceAccount" not in conditions and not by_lambda:
                yield logical_id


def _cannot_roll_back(template: Template) -> Iterator[str]:
    facts = _facts(template)
    if not facts.get("guarded"):
        return
    for logical_id, endpoint in _of(template, _ENDPOINT):
        rollback = endpoint.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
        if not 1 <= len(rollback.get("Alarms", [])) <= 10:
            yield logical_id


def _waits_too_long(template: Template) -> Iterator[str]:
    for logical_id, config in _of(template, _CONFIG):
        for variant in _variants(config):
            for key in (
                "ContainerStartupHealthCheckTimeoutInSeconds",
                "ModelDataDownloadTimeoutInSeconds",
            ):
                if not 60 <= variant.get(key, 60) <= 3600:
                    yield logical_id


def _keeps_in_the_clear(template: Template) -> Iterator[str]:
    for logical_id, config in _of(template, _CONFIG):
        outputs = [config.get("AsyncInferenceConfig", {}).get("OutputConfig")]
        outputs += [one.get("CoreDumpConfig") for one in _variants(config)]
        outputs += [config.get("DataCaptureConfig")]
        if not all("KmsKeyId" in one for one in outputs if one):
            yield logical_id


def _may_do_everything(template: Template) -> Iterator[str]:
    for logical_id, role in _of(template, "AWS::IAM::Role"):
        if "FullAccess" in str(role.get("ManagedPolicyArns", [])):
            yield logical_id


def _is_unscoped(template: Template) -> Iterator[str]:
    # A policy's resources may hold intrinsics: only the written parts can name a wildcard.
    for logical_id, properties in _of(template, "AWS::IAM::Role", "AWS::IAM::Policy"):
        inline = [one["PolicyDocument"] for one in properties.get("Policies", [])]
        documents = [*inline, *filter(None, [properties.get("PolicyDocument")])]
        for document in documents:
            if any(map(_is_wild, document["Statement"])):
                yield logical_id


def _is_wild(statement: dict[str, Any]) -> bool:
    actions, resources = _list(statement["Action"]), _list(statement["Resource"])
    if any("*" in action for action in actions):
        return True
    if "*" in resources:
        return not all(action in UNSCOPED_ACTIONS for action in actions)
    wild = [_written(one) for one in resources if "*" in _written(one)]
    return not all(map(reason_for_wildcard, wild))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _written(resource: Any) -> str:
    if isinstance(resource, dict) and "Fn::Join" in resource:
        return "".join(part for part in resource["Fn::Join"][1] if isinstance(part, str))
    return resource if isinstance(resource, str) else ""


def _has_the_wrong_key(template: Template) -> Iterator[str]:
    for logical_id, config in _of(template, _CONFIG):
        types = [
            instance_type
            for variant in _variants(config)
            for instance_type in (
                variant.get("InstanceType"),
                *(pool["InstanceType"] for pool in variant.get("InstancePools", [])),
            )
            if instance_type
        ]
        takes_one = bool(types) and not any(map(has_local_storage, types))
        if ("KmsKeyId" in config) != takes_one:
            yield logical_id


RULES = (
    Rule(
        "NetworkIsolation",
        "A model's container has no network, unless stages.toml says so.",
        _has_network,
    ),
    Rule(
        "PinnedImage", "A model's image is named by a digest or an asset's hash.", _image_may_change
    ),
    Rule(
        "ProductionCapacity",
        "Production keeps two instances at least, unless stages.toml says in so many words that "
        "one is enough.",
        _is_alone,
    ),
    Rule(
        "SourceAccount",
        "A role that a service takes on is held to this account by aws:SourceAccount.",
        _trusts_other_accounts,
    ),
    Rule(
        "RollbackAlarms",
        "A guarded update names one to ten alarms that roll it back.",
        _cannot_roll_back,
    ),
    Rule("Timeouts", "Start-up and download time out within 60 to 3600 seconds.", _waits_too_long),
    Rule(
        "EncryptedOutput",
        "What is captured, dumped or answered asynchronously is encrypted with the stage's key.",
        _keeps_in_the_clear,
    ),
    Rule("NoFullAccess", "No role has one of AWS's FullAccess policies.", _may_do_everything),
    Rule(
        "ScopedPolicies",
        "No action and no resource is a wildcard, but for those in the tables with their reasons.",
        _is_unscoped,
    ),
    Rule(
        "VolumeKey",
        "The EndpointConfig has the stage's key exactly where SageMaker takes one: on instances "
        "without disks of their own.",
        _has_the_wrong_key,
    ),
)
