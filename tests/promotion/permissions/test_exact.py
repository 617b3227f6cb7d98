"""The roles can do nothing besides: another's resources, and other actions on their own."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from promotion.moving import MoveError
from promotion.moving.registry import ecr_repository
from tests.promotion.permissions.sides import (
    ACCOUNTS,
    ASSETS,
    IMAGES,
    REGION,
    STAGES,
    STATEMENTS,
    Sides,
)
from tests.roles import Role

pytestmark = pytest.mark.slow

_DENIED = ("AccessDenied", "AccessDeniedException", "403")


def denied(sides: Sides, side: str, service: str, operation: str, **arguments: Any) -> None:
    denied_to(sides.roles[side], service, operation, **arguments)


def denied_to(role: Role, service: str, operation: str, **arguments: Any) -> None:
    with pytest.raises(ClientError) as found:
        getattr(role.client(service), operation)(**arguments)
    assert found.value.response["Error"]["Code"] in _DENIED, found.value


@pytest.mark.parametrize("side", ["source", "target"])
def test_another_stages_releases_are_closed(sides: Sides, side: str) -> None:
    bucket = f"berth-dev-storage-data666c94c7-{uuid4().hex[:12]}"
    sides.root(side, "s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    key = "releases/dev-000001.json"
    sides.root(side, "s3").put_object(Bucket=bucket, Key=key, Body=b"{}")
    denied(sides, side, "s3", "get_object", Bucket=bucket, Key=key)
    denied(sides, side, "s3", "put_object", Bucket=bucket, Key=key, Body=b"{}")
    denied(sides, side, "s3", "list_objects_v2", Bucket=bucket, Prefix="releases/")


@pytest.mark.parametrize("side", ["source", "target"])
def test_of_the_stages_bucket_the_releases_alone_are_open(sides: Sides, side: str) -> None:
    bucket = sides.data_bucket(side)
    sides.root(side, "s3").put_object(Bucket=bucket, Key="capture/1", Body=b"{}")
    denied(sides, side, "s3", "get_object", Bucket=bucket, Key="capture/1")
    denied(sides, side, "s3", "put_object", Bucket=bucket, Key="capture/1", Body=b"{}")
    denied(sides, side, "s3", "delete_object", Bucket=bucket, Key="releases/x")


def test_the_source_is_not_written_to(sides: Sides) -> None:
    place = {"Bucket": sides.data_bucket("source"), "Key": "releases/qa-000009.json"}
    denied(sides, "source", "s3", "put_object", **place, Body=b"{}")
    place = {"Bucket": ASSETS["source"], "Key": "0.gz"}
    denied(sides, "source", "s3", "put_object", **place, Body=b"")
    denied(sides, "source", "s3", "delete_object", **place)
    repository = ecr_repository(sides.roles["source"].session, IMAGES["source"])
    with pytest.raises(MoveError, match="ecr:InitiateLayerUpload"):
        repository.upload(f"sha256:{'0' * 64}", 0, iter([]))


def test_what_is_in_the_target_is_not_deleted(sides: Sides) -> None:
    denied(sides, "target", "s3", "delete_object", Bucket=ASSETS["target"], Key="0.gz")
    image = {"repositoryName": IMAGES["target"], "imageIds": [{"imageTag": "1"}]}
    denied(sides, "target", "ecr", "batch_delete_image", **image)


@pytest.mark.parametrize("side", ["source", "target"])
def test_the_other_account_is_closed(sides: Sides, side: str) -> None:
    (other,) = set(ASSETS) - {side}
    denied(sides, side, "s3", "get_object", Bucket=ASSETS[other], Key="0.gz")
    denied(sides, side, "s3", "put_object", Bucket=ASSETS[other], Key="0.gz", Body=b"")
    repository = ecr_repository(sides.roles[side].session, IMAGES[other])
    with pytest.raises(MoveError, match="ecr:BatchGetImage"):
        repository.manifest("1")


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_bucket_that_somebody_else_has_made_of_a_guessable_name_is_closed(side: str) -> None:
    """The emulator takes every bucket for the caller's own, so that the policy itself is read."""
    of_s3 = [one for one in STATEMENTS[side] if any(each[:3] == "s3:" for each in one["Action"])]
    assert len(of_s3) >= 4
    for one in of_s3:
        assert one["Condition"]["StringEquals"]["aws:ResourceAccount"] == ACCOUNTS[side], one["Sid"]


def test_of_the_sources_assets_templates_and_locks_are_closed(sides: Sides) -> None:
    for key in ("0.json", "berth/locks/berth-qa.json"):
        sides.root("source", "s3").put_object(Bucket=ASSETS["source"], Key=key, Body=b"{}")
        denied(sides, "source", "s3", "get_object", Bucket=ASSETS["source"], Key=key)


@pytest.mark.parametrize("side", ["source", "target"])
def test_another_bucket_and_repository_of_the_account_are_closed(sides: Sides, side: str) -> None:
    name = f"others-{uuid4().hex[:8]}"
    sides.root(side, "s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    denied(sides, side, "s3", "get_object", Bucket=name, Key="0.gz")
    images = f"cdk-others-container-assets-{ACCOUNTS[side]}-{REGION}"
    sides.root(side, "ecr").create_repository(repositoryName=f"{images}")
    with pytest.raises(MoveError, match="ecr:BatchGetImage"):
        ecr_repository(sides.roles[side].session, images).manifest("1")
    sides.root(side, "ecr").delete_repository(repositoryName=images)


def test_no_other_role_is_taken_on(sides: Sides) -> None:
    account = ACCOUNTS["target"]
    for name in ("cfn-exec", "lookup"):
        role = f"arn:aws:iam::{account}:role/cdk-hnb659fds-{name}-role-{account}-{REGION}"
        session = {"RoleArn": role, "RoleSessionName": "test"}
        denied(sides, "target", "sts", "assume_role", **session)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("cloudformation", "delete_stack", {"StackName": "berth-prod-serving"}),
        ("cloudformation", "describe_stacks", {"StackName": "CDKToolkit"}),
        ("cloudformation", "describe_stacks", {"StackName": "berth-dev-storage"}),
        ("iam", "list_roles", {}),
        ("kms", "list_keys", {}),
        ("sagemaker", "delete_endpoint", {"EndpointName": "berth-prod"}),
        ("sagemaker", "describe_endpoint", {"EndpointName": "berth-dev"}),
        ("sagemaker", "list_models", {}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "berth-dev", "Body": b"{}"}),
    ],
)
@pytest.mark.parametrize("side", ["source", "target"])
def test_no_other_action_is_allowed(
    sides: Sides, side: str, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    denied(sides, side, service, operation, **arguments)


def test_the_source_signs_nothing(sides: Sides) -> None:
    digest = {"Message": b"1" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    denied(sides, "source", "kms", "sign", KeyId="alias/berth-qa-releases", **digest)


def test_another_stages_key_is_closed(sides: Sides) -> None:
    kms, alias = sides.root("target", "kms"), f"alias/berth-dev-{uuid4().hex[:8]}"
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    digest = {"Message": b"1" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    denied(sides, "target", "kms", "sign", KeyId=alias, **digest)


@pytest.mark.parametrize("side", ["source", "target"])
def test_the_key_is_used_by_s3_alone(sides: Sides, side: str) -> None:
    stack = {"StackName": f"berth-{STAGES[side]}-storage"}
    listed = sides.root(side, "cloudformation").list_stack_resources(**stack)
    (key,) = [
        each["PhysicalResourceId"]
        for each in listed["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::KMS::Key" and each["LogicalResourceId"].startswith("Key")
    ]
    denied(sides, side, "kms", "generate_data_key", KeyId=key, KeySpec="AES_256")


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_policy_fits_into_a_managed_one(side: str) -> None:
    """IAM takes 6,144 characters, white space not counted.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    longest = json.dumps(STATEMENTS[side]).replace("berth-", f"{'b' * 32}-").replace(" ", "")
    assert len(longest) < 6000
