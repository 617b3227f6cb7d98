"""Each rule of the endpoint pack, broken once."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.compliance.endpoint_rules import RULES
from tests.stacks.conftest import EXAMPLES, Template, read_templates

pytestmark = pytest.mark.slow

Change = Callable[[Template], None]


def broken(template: Template) -> set[str]:
    """The names of the rules that a template breaks."""
    return {rule.name for rule in RULES if list(rule.broken_by(template))}


def properties(template: Template, type_name: str) -> dict[str, Any]:
    (found,) = (
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == type_name
    )
    assert isinstance(found, dict)
    return found


def model(template: Template) -> dict[str, Any]:
    return properties(template, "AWS::SageMaker::Model")


def config(template: Template) -> dict[str, Any]:
    return properties(template, "AWS::SageMaker::EndpointConfig")


def variant(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = config(template)["ProductionVariants"][0]
    return found


def role(template: Template) -> dict[str, Any]:
    return properties(template, "AWS::IAM::Role")


def statements(template: Template) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = role(template)["Policies"][0]["PolicyDocument"]["Statement"]
    return found


def reached_by_network(template: Template) -> None:
    del model(template)["EnableNetworkIsolation"]


def moving_image(template: Template) -> None:
    model(template)["PrimaryContainer"]["Image"] = "registry/ner:latest"


def quiet(template: Template) -> None:
    environment = model(template)["PrimaryContainer"]["Environment"]
    environment["SAGEMAKER_CONTAINER_LOG_LEVEL"] = "WARNING"


def quieter_than_info(template: Template) -> None:
    environment = model(template)["PrimaryContainer"]["Environment"]
    environment["SAGEMAKER_CONTAINER_LOG_LEVEL"] = "21"


def one_instance(template: Template) -> None:
    variant(template)["InitialInstanceCount"] = 1


def scaled_to_one(template: Template) -> None:
    properties(template, "AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] = 1


def trusted_everywhere(template: Template) -> None:
    del role(template)["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]


def no_rollback(template: Template) -> None:
    endpoint = properties(template, "AWS::SageMaker::Endpoint")
    del endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]


def captured_in_the_clear(template: Template) -> None:
    del config(template)["DataCaptureConfig"]["KmsKeyId"]


def reading_everything(template: Template) -> None:
    statements(template).append({"Action": "s3:GetObject", "Resource": "*", "Effect": "Allow"})


def reading_a_bucket(template: Template) -> None:
    anywhere = "arn:aws:s3:::somebodys-bucket*"
    statements(template).append({"Action": "s3:GetObject", "Resource": anywhere, "Effect": "Allow"})


def doing_anything(template: Template) -> None:
    queue = "arn:aws:sqs:eu-central-1:333333333333:queue"
    statements(template).append({"Action": "sqs:*", "Resource": queue, "Effect": "Allow"})


def key_on_local_disks(template: Template) -> None:
    config(template)["KmsKeyId"] = "arn:aws:kms:eu-central-1:333333333333:key/1"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (reached_by_network, "NetworkIsolation"),
        (moving_image, "PinnedImage"),
        (quiet, "FiguresAreLogged"),
        (quieter_than_info, "FiguresAreLogged"),
        (one_instance, "ProductionCapacity"),
        (scaled_to_one, "ProductionCapacity"),
        (trusted_everywhere, "SourceAccount"),
        (no_rollback, "RollbackAlarms"),
        (captured_in_the_clear, "EncryptedOutput"),
        (reading_everything, "ScopedPolicies"),
        (reading_a_bucket, "ScopedPolicies"),
        (doing_anything, "ScopedPolicies"),
        (key_on_local_disks, "VolumeKey"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_change_that_breaks_a_rule_is_named_by_it_alone(
    examples: Callable[[str], Path], change: Change, rule: str
) -> None:
    template = copy.deepcopy(read_templates(examples("real-time"))["prod-Serving"])
    assert broken(template) == set()
    change(template)
    assert broken(template) == {rule}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_stack_of_every_example_keeps_every_rule(
    examples: Callable[[str], Path], name: str
) -> None:
    for template in read_templates(examples(name)).values():
        assert broken(template) == set()


def test_every_rule_has_a_test_that_breaks_it() -> None:
    (mark,) = (
        mark
        for mark in test_a_change_that_breaks_a_rule_is_named_by_it_alone.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    )
    assert {rule for _, rule in mark.args[1]} == {rule.name for rule in RULES}
