"""The CDK CLI's database says of our types what CloudFormation's own schemas say, or is stricter.

Stricter: a bucket's ObjectLockEnabled replaces by the database, and not by the schema.
"""

import json
from pathlib import Path

import pytest

from localaws.schemas import replacing_properties
from stacks.deployment_plan.resource_types import NoResourceTypesError, ResourceTypes

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
USED = sorted(
    {
        resource["Type"]
        for file in SNAPSHOTS.glob("*.json")
        for resource in json.loads(file.read_text())["Resources"].values()
        if resource["Type"].startswith("AWS::")
    }
)


@pytest.mark.parametrize("resource_type", USED)
def test_no_replacement_goes_unseen(types: ResourceTypes, resource_type: str) -> None:
    assert types.replacing[resource_type] >= set(replacing_properties(resource_type))


def test_these_hold_data(types: ResourceTypes) -> None:
    assert types.holding_data >= {
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
    }


def test_a_type_that_it_does_not_know_is_never_replaced(types: ResourceTypes) -> None:
    assert not types.replaces("Custom::CDKBucketDeployment", "ServiceToken")


def test_without_the_cli_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoResourceTypesError, match="no such file; run `make setup`"):
        ResourceTypes.read(tmp_path)
