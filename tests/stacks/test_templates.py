"""What matters in the templates, resource by resource."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.packed_model import PackedModel
from stacks.settings import Settings
from tests.stacks.conftest import Synthesize, Template, read_templates

pytestmark = pytest.mark.slow

Resource = dict[str, Any]
STAGES = ("dev", "qa", "prod")


def resources(template: Template, type_name: str) -> dict[str, Resource]:
    return {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == type_name
    }


def only(template: Template, type_name: str) -> Resource:
    (resource,) = resources(template, type_name).values()
    return resource


def properties(template: Template, type_name: str) -> dict[str, Any]:
    found: dict[str, Any] = only(template, type_name)["Properties"]
    return found


@pytest.fixture
def dev(templates: dict[str, Template]) -> Template:
    return templates["dev-Serving"]


@pytest.fixture
def storage(templates: dict[str, Template]) -> Template:
    return templates["dev-Storage"]


def test_the_image_is_built_as_create_model_takes_it(examples: Callable[[str], Path]) -> None:
    """A Docker manifest for x86, without the attestations that BuildKit would add."""
    (file,) = examples("real-time").glob("assembly-prod/*Serving*.assets.json")
    (image,) = json.loads(file.read_text())["dockerImages"].values()
    assert image["source"]["dockerOutputs"] == ["type=docker"]
    assert image["source"]["platform"] == "linux/amd64"


@pytest.mark.parametrize("stage", STAGES)
def test_the_endpoint_alone_has_a_name(templates: dict[str, Template], stage: str) -> None:
    template = templates[f"{stage}-Serving"]
    assert properties(template, "AWS::SageMaker::Endpoint")["EndpointName"] == f"berth-{stage}"
    assert "ModelName" not in properties(template, "AWS::SageMaker::Model")
    assert "EndpointConfigName" not in properties(template, "AWS::SageMaker::EndpointConfig")


def test_an_update_keeps_the_autoscaled_instance_count(dev: Template) -> None:
    assert properties(dev, "AWS::SageMaker::Endpoint")["RetainAllVariantProperties"] is True


def test_the_model_has_no_network(dev: Template) -> None:
    assert properties(dev, "AWS::SageMaker::Model")["EnableNetworkIsolation"] is True


def test_the_model_is_pinned_to_its_manifest(dev: Template, packed_model: PackedModel) -> None:
    container = properties(dev, "AWS::SageMaker::Model")["PrimaryContainer"]
    assert container["Environment"] == {"BERTH_MODEL_MANIFEST_SHA256": packed_model.manifest_sha256}


def test_models_that_work_row_by_row_are_declared_to_the_server(
    synthesize: Synthesize, settings: Settings, packed_model: PackedModel, tmp_path: Path
) -> None:
    model = settings.model.model_copy(update={"batch_requests": True})
    folder = synthesize(settings.model_copy(update={"model": model}), tmp_path / "assembly")
    template = read_templates(folder)["dev-Serving"]
    container = properties(template, "AWS::SageMaker::Model")["PrimaryContainer"]
    assert container["Environment"] == {
        "BERTH_MODEL_MANIFEST_SHA256": packed_model.manifest_sha256,
        "BERTH_BATCH_REQUESTS": "1",
    }


def test_a_stages_variables_reach_the_container_and_its_role_reads_each_secret_alone(
    synthesize: Synthesize, settings: Settings, packed_model: PackedModel, tmp_path: Path
) -> None:
    secret = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:hub-AbCdEf"
    parameter = "arn:aws:ssm:eu-central-1:111111111111:parameter/team/url"
    key = "arn:aws:kms:eu-central-1:111111111111:key/0123-ab"
    own = {"SAGEMAKER_MODEL_SERVER_WORKERS": "2", "HUB": secret, "URL": parameter}
    stage = settings.stages["dev"]
    container = stage.container.model_copy(update={"environment": own, "secret_keys": (key,)})
    stages = {"dev": stage.model_copy(update={"container": container})}
    folder = synthesize(settings.model_copy(update={"stages": stages}), tmp_path / "assembly")
    template = read_templates(folder)["dev-Serving"]
    given = properties(template, "AWS::SageMaker::Model")["PrimaryContainer"]["Environment"]
    assert given == {"BERTH_MODEL_MANIFEST_SHA256": packed_model.manifest_sha256, **own}
    policy = [
        (one["Action"], one["Resource"], one.get("Condition"))
        for one in statements(template)
        if one["Resource"] in (secret, parameter, key)
    ]

    def via(service: str) -> dict[str, dict[str, str]]:
        return {"StringEquals": {"kms:ViaService": f"{service}.eu-central-1.amazonaws.com"}}

    assert policy == [
        ("secretsmanager:GetSecretValue", secret, None),
        ("kms:Decrypt", key, via("secretsmanager")),
        ("ssm:GetParameter", parameter, None),
        ("kms:Decrypt", key, via("ssm")),
    ]


def test_another_model_changes_model_and_nothing_that_would_replace_the_endpoint(
    synthesize: Synthesize,
    settings: Settings,
    packed_model: PackedModel,
    dev: Template,
    tmp_path: Path,
) -> None:
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(b"another archive")
    other = PackedModel(archive, "6" * 64, packed_model.record, packed_model.files)
    after = read_templates(synthesize(settings, tmp_path / "cdk.out", model=other))["dev-Serving"]
    different = {
        after["Resources"][logical_id]["Type"]
        for logical_id in after["Resources"]
        if after["Resources"][logical_id] != dev["Resources"].get(logical_id)
    }
    # The EndpointConfig follows by the Model's name, the Endpoint by the EndpointConfig's.
    assert different == {"AWS::SageMaker::Model", "AWS::IAM::Role"}
    assert after["Resources"].keys() == dev["Resources"].keys()


def test_config_and_endpoint_follow_the_model_by_reference(dev: Template) -> None:
    (model_id,) = resources(dev, "AWS::SageMaker::Model")
    (config_id,) = resources(dev, "AWS::SageMaker::EndpointConfig")
    (variant,) = properties(dev, "AWS::SageMaker::EndpointConfig")["ProductionVariants"]
    assert variant["ModelName"] == {"Fn::GetAtt": [model_id, "ModelName"]}
    assert properties(dev, "AWS::SageMaker::Endpoint")["EndpointConfigName"] == {
        "Fn::GetAtt": [config_id, "EndpointConfigName"]
    }


def test_the_variant_is_as_stages_toml_says(templates: dict[str, Template]) -> None:
    config = properties(templates["prod-Serving"], "AWS::SageMaker::EndpointConfig")
    (variant,) = config["ProductionVariants"]
    assert {key: value for key, value in variant.items() if key != "ModelName"} == {
        "VariantName": "AllTraffic",
        "InitialInstanceCount": 2,
        "InitialVariantWeight": 1,
        "InstanceType": "ml.g5.xlarge",
        "InferenceAmiVersion": "al2023-ami-sagemaker-inference-gpu-4-1",
        "ContainerStartupHealthCheckTimeoutInSeconds": 600,
        "ModelDataDownloadTimeoutInSeconds": 600,
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        "EnableSSMAccess": False,
    }


def with_instance_type(settings: Settings, instance_type: str) -> Settings:
    dev = settings.stages["dev"]
    endpoint = dev.endpoint.model_copy(update={"instance_type": instance_type})
    return settings.model_copy(
        update={"stages": {"dev": dev.model_copy(update={"endpoint": endpoint})}}
    )


def test_a_stage_without_gpus_has_no_gpu_ami(
    synthesize: Synthesize, settings: Settings, tmp_path: Path
) -> None:
    template = read_templates(synthesize(with_instance_type(settings, "ml.c7i.large"), tmp_path))[
        "dev-Serving"
    ]
    (variant,) = properties(template, "AWS::SageMaker::EndpointConfig")["ProductionVariants"]
    assert "InferenceAmiVersion" not in variant


def statements(template: Template) -> list[dict[str, Any]]:
    (policy,) = properties(template, "AWS::IAM::Role")["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_the_execution_role_may_do_exactly_what_hosting_needs(dev: Template) -> None:
    granted = {
        action
        for statement in statements(dev)
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }
    assert granted == {
        "cloudwatch:DescribeAlarms",
        "cloudwatch:PutMetricData",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:ListBucket",
    }
    assert "ManagedPolicyArns" not in properties(dev, "AWS::IAM::Role")


def test_the_execution_role_reads_one_object_and_one_repository(dev: Template) -> None:
    by_action = {json.dumps(statement["Action"]): statement for statement in statements(dev)}
    model = properties(dev, "AWS::SageMaker::Model")["PrimaryContainer"]
    key = json.dumps(model["ModelDataUrl"]).rpartition("/")[2].split('"')[0]
    readable = json.dumps(by_action['"s3:GetObject"']["Resource"])
    assert f"cdk-hnb659fds-assets-111111111111-eu-central-1/{key}" in readable
    assert "*" not in readable
    own = {"StringEquals": {"aws:ResourceAccount": "111111111111"}}
    assert by_action['"s3:GetObject"']["Condition"] == own
    assert by_action['"s3:ListBucket"']["Condition"] == {"StringLike": {"s3:prefix": key}} | own
    pull = next(statement for action, statement in by_action.items() if "BatchGetImage" in action)
    assert "repository/cdk-hnb659fds-container-assets-111111111111-eu-central-1" in json.dumps(
        pull["Resource"]
    )


def test_wildcards_are_those_that_iam_knows_no_resource_for(dev: Template) -> None:
    wild = {
        json.dumps(statement["Action"]): statement.get("Condition")
        for statement in statements(dev)
        if statement["Resource"] == "*"
    }
    assert wild == {
        '["cloudwatch:DescribeAlarms", "ecr:GetAuthorizationToken"]': None,
        '"cloudwatch:PutMetricData"': {
            "StringEquals": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/Endpoints"]}
        },
    }


def test_only_sagemaker_in_this_account_may_take_the_role(dev: Template) -> None:
    (statement,) = properties(dev, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
    }


def test_cloudwatch_may_use_the_topic_and_its_key_for_this_account_alone(
    storage: Template,
) -> None:
    key_policy = properties(storage, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    topic_policies = resources(storage, "AWS::SNS::TopicPolicy").values()
    assert len(topic_policies) == 2
    for policy, actions in (
        (key_policy, ["kms:Decrypt", "kms:GenerateDataKey"]),
        *(
            (one["Properties"]["PolicyDocument"]["Statement"], "sns:Publish")
            for one in topic_policies
        ),
    ):
        (grant,) = (
            statement
            for statement in policy
            if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        )
        assert grant["Action"] == actions
        assert grant["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}


def test_the_accounts_log_groups_may_be_encrypted_with_the_stages_key(storage: Template) -> None:
    (grant,) = (
        statement
        for statement in properties(storage, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    )
    assert grant["Action"] == [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
    ]
    assert grant["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": (
                "arn:aws:logs:eu-central-1:111111111111:log-group:*"
            )
        }
    }


def test_topics_are_encrypted_with_the_stages_key_and_heard_by_their_subscribers(
    synthesize: Synthesize, settings: Settings, tmp_path: Path
) -> None:
    dev = settings.stages["dev"]
    alarms = dev.alarms.model_copy(update={"critical_subscribers": ("on-call@example.com",)})
    heard = settings.model_copy(
        update={"stages": {"dev": dev.model_copy(update={"alarms": alarms})}}
    )
    template = read_templates(synthesize(heard, tmp_path))["dev-Storage"]
    (key_id,) = resources(template, "AWS::KMS::Key")
    for topic in resources(template, "AWS::SNS::Topic").values():
        assert topic["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    subscription = properties(template, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "on-call@example.com")


def test_buckets_are_private_encrypted_and_versioned(storage: Template) -> None:
    buckets = resources(storage, "AWS::S3::Bucket")
    assert len(buckets) == 2
    for bucket in buckets.values():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["Properties"]["BucketEncryption"]
        assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    policies = resources(storage, "AWS::S3::BucketPolicy")
    assert {policy["Properties"]["Bucket"]["Ref"] for policy in policies.values()} == buckets.keys()
    for policy in policies.values():
        assert {
            "Action": "s3:*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
        }.items() <= policy["Properties"]["PolicyDocument"]["Statement"][0].items()


def test_the_key_rotates(storage: Template) -> None:
    assert properties(storage, "AWS::KMS::Key")["EnableKeyRotation"] is True


def test_logs_have_the_stages_retention(templates: dict[str, Template]) -> None:
    group = properties(templates["prod-Storage"], "AWS::Logs::LogGroup")
    assert (group["LogGroupName"], group["RetentionInDays"]) == (
        "/aws/sagemaker/Endpoints/berth-prod",
        365,
    )
    assert group["KmsKeyId"]


def test_no_log_group_stands_in_a_stack_that_rolls_back_with_its_endpoint(
    templates: dict[str, Template],
) -> None:
    for name, template in templates.items():
        groups = resources(template, "AWS::Logs::LogGroup")
        assert bool(groups) == name.endswith("-Storage"), name
