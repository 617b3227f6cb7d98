"""The rules on what hosts: models, EndpointConfigs, endpoints and their capacity."""

import re
from collections.abc import Iterator
from typing import Any

from stacks.compliance.role_rules import ROLE_RULES
from stacks.compliance.rule import Rule, Template, facts, mode_of, of
from stacks.instance_types import has_local_storage

_PINNED_IMAGE = re.compile(r"(:|@sha256:)[0-9a-f]{64}\b")
_CAPACITY = "AWS::ApplicationAutoScaling::ScalableTarget"
_CONFIG = "AWS::SageMaker::EndpointConfig"
_LOG_LEVEL = "SAGEMAKER_CONTAINER_LOG_LEVEL"
_ENDPOINT = "AWS::SageMaker::Endpoint"
_MODEL = "AWS::SageMaker::Model"


def _variants(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]


def _has_network(template: Template) -> Iterator[str]:
    mode = mode_of(template)
    if mode and not mode.can_be_isolated:
        return
    allowed = facts(template).get("network_isolation") is False
    for logical_id, model in of(template, _MODEL):
        if not model.get("EnableNetworkIsolation") and not allowed:
            yield logical_id


def _image_may_change(template: Template) -> Iterator[str]:
    for logical_id, model in of(template, _MODEL):
        containers = [model.get("PrimaryContainer", {}), *model.get("Containers", [])]
        images = [str(one["Image"]) for one in containers if "Image" in one]
        if not all(map(_PINNED_IMAGE.search, images)):
            yield logical_id


def _logs_no_figures(template: Template) -> Iterator[str]:
    for logical_id, model in of(template, _MODEL):
        containers = [model.get("PrimaryContainer", {}), *model.get("Containers", [])]
        levels = [one.get("Environment", {}).get(_LOG_LEVEL) or "INFO" for one in containers]
        if not all(map(_tells_info, levels)):
            yield logical_id


def _tells_info(level: str) -> bool:
    return int(level) <= 20 if level.isdigit() else level.upper() in {"NOTSET", "DEBUG", "INFO"}


def _is_alone(template: Template) -> Iterator[str]:
    said = facts(template)
    if not said.get("production") or said.get("single_instance"):
        return
    for logical_id, config in of(template, _CONFIG):
        counts = [one.get("InitialInstanceCount", 2) for one in config["ProductionVariants"]]
        if min(counts) < 2:
            yield logical_id
    mode = mode_of(template)
    for logical_id, target in of(template, _CAPACITY):
        if mode and mode.has_instances and target["MinCapacity"] < 2:
            yield logical_id


def _cannot_roll_back(template: Template) -> Iterator[str]:
    said = facts(template)
    if not said.get("guarded"):
        return
    for logical_id, endpoint in of(template, _ENDPOINT):
        rollback = endpoint.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
        if not 1 <= len(rollback.get("Alarms", [])) <= 10:
            yield logical_id


def _keeps_in_the_clear(template: Template) -> Iterator[str]:
    for logical_id, config in of(template, _CONFIG):
        outputs = [config.get("AsyncInferenceConfig", {}).get("OutputConfig")]
        outputs += [one.get("CoreDumpConfig") for one in _variants(config)]
        outputs += [config.get("DataCaptureConfig")]
        if not all("KmsKeyId" in one for one in outputs if one):
            yield logical_id


def _has_the_wrong_key(template: Template) -> Iterator[str]:
    for logical_id, config in of(template, _CONFIG):
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
        "FiguresAreLogged",
        "A container logs at INFO or below: the drift alarms and the saved queries read its lines.",
        _logs_no_figures,
    ),
    Rule(
        "ProductionCapacity",
        "Production keeps two instances at least, unless stages.toml says in so many words that "
        "one is enough.",
        _is_alone,
    ),
    Rule(
        "RollbackAlarms",
        "A guarded update names one to ten alarms that roll it back.",
        _cannot_roll_back,
    ),
    Rule(
        "EncryptedOutput",
        "What is captured, dumped or answered asynchronously is encrypted with the stage's key.",
        _keeps_in_the_clear,
    ),
    Rule(
        "VolumeKey",
        "The EndpointConfig has the stage's key exactly where SageMaker takes one: on instances "
        "without disks of their own.",
        _has_the_wrong_key,
    ),
    *ROLE_RULES,
)
