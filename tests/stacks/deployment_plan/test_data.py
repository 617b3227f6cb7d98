"""What an update takes from the data that a stage keeps."""

import pytest

from stacks.deployment_plan.compare import compare
from stacks.deployment_plan.data import losses
from stacks.deployment_plan.resource_types import ResourceTypes
from tests.stacks.deployment_plan.templates import Resource, resource

KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
STATEFUL = ["AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::Logs::LogGroup"]


def lost(types: ResourceTypes, before: Resource | None, after: Resource | None) -> list[str]:
    old, new = ({} if each is None else {"It": each} for each in (before, after))
    return losses(compare({"Resources": old}, {"Resources": new}, types), old, new, types)


@pytest.mark.parametrize("kind", STATEFUL)
def test_what_leaves_the_stack_is_named_kept_or_not(types: ResourceTypes, kind: str) -> None:
    name = kind.rpartition("::")[2]
    assert lost(types, resource(kind, policies=KEPT), None) == [
        f"{name} It leaves the stack; it stays, outside of any stack"
    ]
    assert lost(types, resource(kind), None) == [
        f"{name} It leaves the stack; it is deleted with its data"
    ]


def test_a_replacement_is_named(types: ResourceTypes) -> None:
    before = resource("AWS::S3::Bucket", policies=KEPT, BucketName="a")
    after = resource("AWS::S3::Bucket", policies=KEPT, BucketName="b")
    assert lost(types, before, after) == [
        "Bucket It is replaced by an empty one; the old one stays, outside of any stack"
    ]
    assert lost(types, before, {**after, "UpdateReplacePolicy": "Delete"})[0].endswith(
        "the old one is deleted with its data"
    )


@pytest.mark.parametrize("policy", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_a_weaker_policy_is_named(types: ResourceTypes, policy: str) -> None:
    before = resource("AWS::S3::Bucket", policies=KEPT)
    (said,) = lost(types, before, {**before, policy: "Delete"})
    assert said.startswith(f"Bucket It: {policy} goes from Retain to Delete")
    assert lost(types, {**before, policy: "Delete"}, before) == []


def test_an_update_in_place_a_new_bucket_and_an_alarm_touch_nothing(types: ResourceTypes) -> None:
    bucket = resource("AWS::S3::Bucket", policies=KEPT)
    versioned = resource(
        "AWS::S3::Bucket", policies=KEPT, VersioningConfiguration={"Status": "Enabled"}
    )
    assert lost(types, bucket, versioned) == []
    assert lost(types, None, bucket) == []
    assert lost(types, resource("AWS::CloudWatch::Alarm"), None) == []
