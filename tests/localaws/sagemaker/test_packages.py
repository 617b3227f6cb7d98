"""Model packages and their groups, by boto3."""

from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import ACCOUNT, IMAGE, REGION, Account

pytestmark = pytest.mark.slow

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
INFERENCE = {
    "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://models/trained.tar.gz"}],
    "SupportedContentTypes": ["application/json"],
    "SupportedResponseMIMETypes": ["application/json"],
}

_numbers = count(1)


@pytest.fixture
def sagemaker(account: Account) -> Any:
    return account.client("sagemaker")


@pytest.fixture
def group(sagemaker: Any) -> str:
    name = f"group-{next(_numbers)}"
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def version(sagemaker: Any, group: str, **more: Any) -> str:
    made = sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=INFERENCE, **more
    )
    return str(made["ModelPackageArn"])


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def listed(sagemaker: Any, **filters: Any) -> list[str]:
    found = sagemaker.list_model_packages(SortOrder="Ascending", **filters)
    return [one["ModelPackageArn"] for one in found["ModelPackageSummaryList"]]


def test_a_version_awaits_approval_and_gets_it(sagemaker: Any, group: str) -> None:
    arn = version(sagemaker, group, ModelPackageDescription="trained")
    assert arn == f"{ARN}:model-package/{group}/1"
    waiting = sagemaker.describe_model_package(ModelPackageName=arn)
    assert waiting["ModelApprovalStatus"] == "PendingManualApproval"
    assert waiting["ModelPackageStatus"] == "Completed"
    assert (waiting["ModelPackageGroupName"], waiting["ModelPackageVersion"]) == (group, 1)
    assert waiting["InferenceSpecification"] == INFERENCE
    sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="it passed"
    )
    approved = sagemaker.describe_model_package(ModelPackageName=f"{group}/1")
    assert approved["ModelApprovalStatus"] == "Approved"
    assert approved["ApprovalDescription"] == "it passed"
    assert approved["LastModifiedTime"] >= approved["CreationTime"]


def test_a_deleted_versions_number_is_not_given_again(sagemaker: Any, group: str) -> None:
    first = version(sagemaker, group)
    sagemaker.delete_model_package(ModelPackageName=first)
    assert version(sagemaker, group) == f"{ARN}:model-package/{group}/2"
    code, message = refused(sagemaker.describe_model_package, ModelPackageName=first)
    assert (code, message) == ("ValidationException", f'Could not find model package "{first}".')


def test_versions_are_listed_by_group_and_approval(sagemaker: Any, group: str) -> None:
    waiting = version(sagemaker, group)
    approved = version(sagemaker, group, ModelApprovalStatus="Approved")
    name = f"alone-{next(_numbers)}"
    alone = sagemaker.create_model_package(ModelPackageName=name)["ModelPackageArn"]
    assert listed(sagemaker, ModelPackageGroupName=group) == [waiting, approved]
    by_approval = {"ModelPackageGroupName": group, "ModelApprovalStatus": "Approved"}
    assert listed(sagemaker, **by_approval) == [approved]
    assert listed(sagemaker, NameContains=name) == [alone]
    assert listed(sagemaker, NameContains=name, ModelPackageType="Versioned") == []
    both = listed(sagemaker, ModelPackageType="Both", MaxResults=100)
    assert {waiting, approved, alone} <= set(both)
    (summary,) = sagemaker.list_model_packages(**by_approval)["ModelPackageSummaryList"]
    assert (summary["ModelPackageGroupName"], summary["ModelPackageVersion"]) == (group, 2)


def test_metadata_is_added_and_removed(sagemaker: Any, group: str) -> None:
    arn = version(sagemaker, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
    )
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert found["CustomerMetadataProperties"] == {"b": "2", "c": "3"}


def test_a_group_is_deleted_when_it_is_empty(sagemaker: Any, group: str) -> None:
    arn = version(sagemaker, group)
    code, message = refused(sagemaker.delete_model_package_group, ModelPackageGroupName=group)
    assert code == "ConflictException"
    assert "has model packages: delete them first" in message
    sagemaker.delete_model_package(ModelPackageName=arn)
    assert (
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
        == f"{ARN}:model-package-group/{group}"
    )
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    code, _ = refused(sagemaker.describe_model_package_group, ModelPackageGroupName=group)
    assert code == "ValidationException"


def test_what_does_not_fit_together_is_refused(sagemaker: Any, group: str) -> None:
    create = sagemaker.create_model_package
    assert "Exactly one of" in refused(create)[1]
    both = {"ModelPackageName": "both", "ModelPackageGroupName": group}
    assert "Exactly one of" in refused(create, **both)[1]
    approved = {"ModelPackageName": "approved", "ModelApprovalStatus": "Approved"}
    assert "does not apply to unversioned" in refused(create, **approved)[1]
    again = refused(sagemaker.create_model_package_group, ModelPackageGroupName=group)
    assert "Cannot create already existing model package group" in again[1]
    wrong = {"ModelPackageGroupName": group, "ModelApprovalStatus": "Perhaps"}
    assert "Member must satisfy enum value set" in refused(create, **wrong)[1]
