"""The rules of the endpoint pack: on what hosts, and on the roles and policies that go with it.

A rule is a function of one template. Its docstring says what it asks for, here and in
docs/security.md, and it yields the logical ids that break it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stacks.compliance.acknowledged import UNSCOPED_ACTIONS, reason_for_wildcard
from stacks.instance_types import has_local_storage
from stacks.stage_plan import MODES, Mode

Template = dict[str, Any]

_PINNED_IMAGE = re.compile(r"(:|@sha256:)[0-9a-f]{64}\b")
_LOG_LEVEL = "SAGEMAKER_CONTAINER_LOG_LEVEL"
_CONFIG = "AWS::SageMaker::EndpointConfig"


@dataclass(frozen=True)
class Rule:
    """A rule: its name, and the logical ids in a template that break it."""

    name: str
    broken_by: Callable[[Template], Iterator[str]]

    @property
    def asks_for(self) -> str:
        """What the rule asks for."""
        return " ".join((self.broken_by.__doc__ or "").split())


def _facts(template: Template) -> dict[str, Any]:
    """What a template does not show by itself: its metadata `Berth` (stacks/serving.py)."""
    found: dict[str, Any] = template.get("Metadata", {}).get("Berth", {})
    return found


def _mode(template: Template) -> Mode | None:
    """The mode of the stage that a serving stack is of; None for other stacks."""
    name = _facts(template).get("mode")
    return MODES[name] if name else None


def _all(template: Template, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources of these types: logical ids and properties."""
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] in types:
            yield logical_id, resource.get("Properties", {})


def _containers(template: Template) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for logical_id, model in _all(template, "AWS::SageMaker::Model"):
        yield logical_id, [model.get("PrimaryContainer", {}), *model.get("Containers", [])]


def _variants(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]


def _network_isolation(template: Template) -> Iterator[str]:
    """A model's container has no network, unless stages.toml says so."""
    mode = _mode(template)
    if (mode and not mode.can_be_isolated) or _facts(template).get("network_isolation") is False:
        return
    for logical_id, model in _all(template, "AWS::SageMaker::Model"):
        if not model.get("EnableNetworkIsolation"):
            yield logical_id


def _pinned_image(template: Template) -> Iterator[str]:
    """A model's image is named by a digest or an asset's hash."""
    for logical_id, containers in _containers(template):
        images = [str(one["Image"]) for one in containers if "Image" in one]
        if not all(map(_PINNED_IMAGE.search, images)):
            yield logical_id


def _figures_are_logged(template: Template) -> Iterator[str]:
    """A container logs at INFO or below: the drift alarms and the saved queries read its lines."""
    for logical_id, containers in _containers(template):
        levels = [one.get("Environment", {}).get(_LOG_LEVEL) or "INFO" for one in containers]
        if not all(map(_logs_info, levels)):
            yield logical_id


def _logs_info(level: str) -> bool:
    return int(level) <= 20 if level.isdigit() else level.upper() in {"NOTSET", "DEBUG", "INFO"}


def _production_capacity(template: Template) -> Iterator[str]:
    """Production keeps two instances at least, unless stages.toml accepts a single one."""
    facts, mode = _facts(template), _mode(template)
    if not facts.get("production") or facts.get("single_instance"):
        return
    for logical_id, config in _all(template, _CONFIG):
        counts = [one.get("InitialInstanceCount", 2) for one in config["ProductionVariants"]]
        if min(counts) < 2:
            yield logical_id
    for logical_id, target in _all(template, "AWS::ApplicationAutoScaling::ScalableTarget"):
        if mode and mode.has_instances and target["MinCapacity"] < 2:
            yield logical_id


def _rollback_alarms(template: Template) -> Iterator[str]:
    """A guarded update names one to ten alarms that roll it back."""
    if not _facts(template).get("guarded"):
        return
    for logical_id, endpoint in _all(template, "AWS::SageMaker::Endpoint"):
        rollback = endpoint.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
        if not 1 <= len(rollback.get("Alarms", [])) <= 10:
            yield logical_id


def _encrypted_output(template: Template) -> Iterator[str]:
    """Captured data, core dumps and the results of asynchronous inference are encrypted with a KMS
    key.
    """
    for logical_id, config in _all(template, _CONFIG):
        outputs = [config.get("AsyncInferenceConfig", {}).get("OutputConfig")]
        outputs += [one.get("CoreDumpConfig") for one in _variants(config)]
        outputs += [config.get("DataCaptureConfig")]
        if not all("KmsKeyId" in one for one in outputs if one):
            yield logical_id


def _volume_key(template: Template) -> Iterator[str]:
    """The EndpointConfig has a KMS key exactly where SageMaker takes one: on instances without
    disks of their own.
    """
    for logical_id, config in _all(template, _CONFIG):
        offered = [
            item
            for variant in _variants(config)
            for item in (variant, *variant.get("InstancePools", []))
        ]
        types = [item["InstanceType"] for item in offered if "InstanceType" in item]
        takes_one = bool(types) and not any(map(has_local_storage, types))
        if ("KmsKeyId" in config) != takes_one:
            yield logical_id


def _source_account(template: Template) -> Iterator[str]:
    """The trust policy of a role that a service assumes names aws:SourceAccount, but for Lambda's,
    whose page asks for none.
    """
    for logical_id, role in _all(template, "AWS::IAM::Role"):
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            operators = statement.get("Condition", {}).values()
            conditions = {key for operator in operators for key in operator}
            # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
            by_lambda = statement["Principal"].get("Service") == "lambda.amazonaws.com"
            if "aws:SourceAccount" not in conditions and not by_lambda:
                yield logical_id


def _scoped_policies(template: Template) -> Iterator[str]:
    """No action and no resource is a wildcard, but for those in the tables with their reasons."""
    # A policy's resources may hold intrinsics: only the written parts can name a wildcard.
    for logical_id, properties in _all(template, "AWS::IAM::Role", "AWS::IAM::Policy"):
        inline = [one["PolicyDocument"] for one in properties.get("Policies", [])]
        for document in [*inline, *filter(None, [properties.get("PolicyDocument")])]:
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


RULES = (
    Rule("NetworkIsolation", _network_isolation),
    Rule("PinnedImage", _pinned_image),
    Rule("FiguresAreLogged", _figures_are_logged),
    Rule("ProductionCapacity", _production_capacity),
    Rule("RollbackAlarms", _rollback_alarms),
    Rule("EncryptedOutput", _encrypted_output),
    Rule("VolumeKey", _volume_key),
    Rule("SourceAccount", _source_account),
    Rule("ScopedPolicies", _scoped_policies),
)
