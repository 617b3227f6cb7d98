"""The control plane's refusals, lists and tags, by boto3."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import ACCOUNT, IMAGE, REGION, ROLE, Account

pytestmark = pytest.mark.slow

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
CONTAINER = {"Image": IMAGE, "ModelDataUrl": "s3://models/none.tar.gz"}
VARIANT = {
    "VariantName": "all",
    "ModelName": "known",
    "InitialInstanceCount": 1,
    "InstanceType": "ml.g5.xlarge",
}


def variant_of(**changes: object) -> dict[str, object]:
    return {**VARIANT, **changes}


@pytest.fixture(scope="module")
def sagemaker(account: Account) -> Any:
    client = account.client("sagemaker")
    client.create_model(ModelName="known", PrimaryContainer=CONTAINER, ExecutionRoleArn=ROLE)
    client.create_endpoint_config(EndpointConfigName="known", ProductionVariants=[variant_of()])
    return client


@pytest.mark.parametrize(
    ("call", "request_", "message"),
    [
        ("describe_model", {"ModelName": "no"}, f'Could not find model "{ARN}:model/no".'),
        ("delete_model", {"ModelName": "no"}, f'Could not find model "{ARN}:model/no".'),
        (
            "describe_endpoint_config",
            {"EndpointConfigName": "no"},
            f'Could not find endpoint configuration "{ARN}:endpoint-config/no".',
        ),
        (
            "describe_endpoint",
            {"EndpointName": "no"},
            f'Could not find endpoint "{ARN}:endpoint/no".',
        ),
        (
            "create_endpoint",
            {"EndpointName": "e", "EndpointConfigName": "no"},
            f'Could not find endpoint configuration "{ARN}:endpoint-config/no".',
        ),
        (
            "create_model",
            {"ModelName": "known", "PrimaryContainer": CONTAINER},
            f'Cannot create already existing model "{ARN}:model/known".',
        ),
        ("create_model", {"ModelName": "new"}, "Exactly one of PrimaryContainer and Containers"),
        (
            "create_model",
            {"ModelName": "new", "PrimaryContainer": {"ModelDataUrl": "s3://a/b"}},
            "exactly one of Image and ModelPackageName",
        ),
        (
            "create_model",
            {"ModelName": "not_a_name", "PrimaryContainer": CONTAINER},
            "Value 'not_a_name' at 'modelName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern",
        ),
        (
            "create_endpoint_config",
            {"EndpointConfigName": "c", "ProductionVariants": [variant_of(ModelName="no")]},
            f'Could not find model "{ARN}:model/no".',
        ),
        (
            "create_endpoint_config",
            {
                "EndpointConfigName": "c",
                "ProductionVariants": [variant_of(InstanceType="ml.g5.huge")],
            },
            "Value 'ml.g5.huge' at 'productionVariants.1.member.instanceType' failed to satisfy "
            "constraint: Member must satisfy enum value set",
        ),
        (
            "create_endpoint_config",
            {"EndpointConfigName": "c", "ProductionVariants": [variant_of(), variant_of()]},
            "Variant names must be unique",
        ),
        (
            "create_endpoint_config",
            {"EndpointConfigName": "c", "ProductionVariants": [variant_of(VolumeSizeInGB=513)]},
            "less than or equal to 512",
        ),
        (
            "list_tags",
            {"ResourceArn": f"{ARN}:model/no"},
            f'Could not find resource "{ARN}:model/no".',
        ),
    ],
)
def test_a_wrong_request_gets_aws_words(
    sagemaker: Any, call: str, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(sagemaker, call)(**request_)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert message in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_unknown_operation_says_what_is_known(sagemaker: Any) -> None:
    with pytest.raises(ClientError) as caught:
        sagemaker.list_training_jobs()
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    assert "CreateEndpoint, " in caught.value.response["Error"]["Message"]


def test_an_endpoint_in_transition_takes_no_orders(account: Account, sagemaker: Any) -> None:
    config = account.config(behaviour={"start_seconds": 3})
    name = account.create(config)
    orders: list[Callable[[], Any]] = [
        lambda: sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config),
        lambda: sagemaker.delete_endpoint(EndpointName=name),
        lambda: sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 2}],
        ),
    ]
    for order in orders:
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            order()
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        account.create(config, name)
    account.settled(name)
    account.delete(name)


def test_lists_are_filtered_sorted_and_paged(sagemaker: Any) -> None:
    names = [f"paged-{letter}" for letter in "bcad"]
    for name in names:
        sagemaker.create_model(ModelName=name, PrimaryContainer=CONTAINER, ExecutionRoleArn=ROLE)
    pages = sagemaker.get_paginator("list_models").paginate(
        NameContains="paged-",
        SortBy="Name",
        SortOrder="Ascending",
        PaginationConfig={"PageSize": 3},
    )
    seen = [[one["ModelName"] for one in page["Models"]] for page in pages]
    assert seen == [["paged-a", "paged-b", "paged-c"], ["paged-d"]]
    newest = sagemaker.list_models(NameContains="paged-", MaxResults=1)["Models"]
    assert newest[0]["ModelName"] == names[-1]
    # The client sends whole seconds.
    created = newest[0]["CreationTime"] + timedelta(seconds=1)
    later = sagemaker.list_models(NameContains="paged-", CreationTimeAfter=created)["Models"]
    assert later == []
    with pytest.raises(ClientError, match="Invalid pagination token"):
        sagemaker.list_models(NextToken="forged")


def test_accounts_and_regions_are_apart(account: Account, sagemaker: Any) -> None:
    for who, where in (("333333333333", REGION), (ACCOUNT, "us-east-1")):
        other = account.emulator.client("sagemaker", who, where)
        assert other.list_models()["Models"] == []
        with pytest.raises(ClientError, match="Could not find model"):
            other.describe_model(ModelName="known")


def test_tags_come_and_go(sagemaker: Any) -> None:
    arn = sagemaker.create_model(
        ModelName="tagged",
        PrimaryContainer=CONTAINER,
        ExecutionRoleArn=ROLE,
        Tags=[{"Key": "a", "Value": "1"}],
    )["ModelArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ClientError, match="at most 50 tags"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])


def test_of_two_that_take_a_name_at_once_one_wins(account: Account) -> None:
    config = account.config()
    name, refused = f"{config}-twice", []

    def create() -> None:
        try:
            account.create(config, name)
        except ClientError as error:
            refused.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    account.settled(name)
    account.delete(name)


@pytest.mark.parametrize("kind", ["manifest", "index"])
@pytest.mark.parametrize("by", ["tag", "digest"])
def test_an_oci_image_gets_aws_words(account: Account, sagemaker: Any, kind: str, by: str) -> None:
    ecr, repository = account.client("ecr"), f"oci-{kind}-{by}"
    media_type = f"application/vnd.oci.image.{kind}.v1+json"
    made = ecr.create_repository(repositoryName=repository)["repository"]
    pushed = ecr.put_image(
        repositoryName=repository,
        imageManifest="{}",
        imageManifestMediaType=media_type,
        imageTag="one",
    )["image"]["imageId"]
    name = {"tag": ":one", "digest": f"@{pushed['imageDigest']}"}[by]
    image = f"{made['repositoryUri'].partition('/')[0]}/{repository}{name}"
    with pytest.raises(ClientError) as caught:
        sagemaker.create_model(
            ModelName="new", PrimaryContainer={**CONTAINER, "Image": image}, ExecutionRoleArn=ROLE
        )
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f"Unsupported manifest media type {media_type} for image {image}. Ensure that"
        " valid manifest media type is used for specified image.",
    }
