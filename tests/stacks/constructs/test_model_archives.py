"""What puts a folder of model archives into a stage's bucket."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.compatibility import BUCKET_DEPLOYMENT_DISK_GIB
from stacks.constructs.model_archives import ModelArchives
from tests.stacks.constructs.conftest import KEY_ARN, Synthesize, Synthesized, key_of

pytestmark = pytest.mark.slow

BUCKET = "arn:aws:s3:::the-stages-bucket"
LOG_GROUP = "/aws/lambda/berth-dev-model-archives"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / "english.tar.gz").write_bytes(b"an archive")
    return tmp_path / "archives"


def archives(synthesize: Synthesize, folder: Path) -> Synthesized:
    def fill(stack: cdk.Stack) -> None:
        ModelArchives(
            stack,
            "Archives",
            log_group_name=LOG_GROUP,
            folder=folder,
            bucket="the-stages-bucket",
            prefix="models/",
            key=key_of(stack),
        )

    return synthesize(fill)


def deployment(template: Synthesized) -> dict[str, Any]:
    return template.only("Custom::CDKBucketDeployment")


def test_the_archives_go_under_the_prefix_and_stay_archives(
    synthesize: Synthesize, folder: Path
) -> None:
    asked = deployment(archives(synthesize, folder))
    assert asked["DestinationBucketName"] == "the-stages-bucket"
    assert asked["DestinationBucketKeyPrefix"] == "models/"
    # The one zip that holds them is unpacked, nothing in it.
    assert asked.get("Extract", True) is True
    assert [key.endswith(".zip") for key in asked["SourceObjectKeys"]] == [True]


def test_what_others_have_put_there_stays_in_an_update_and_a_delete(
    synthesize: Synthesize, folder: Path
) -> None:
    asked = deployment(archives(synthesize, folder))
    assert (asked["Prune"], asked["RetainOnDelete"]) == (False, True)


def test_a_changed_archive_changes_the_deployment_and_nothing_else_does(
    synthesize: Synthesize, folder: Path
) -> None:
    before = deployment(archives(synthesize, folder))
    assert deployment(archives(synthesize, folder)) == before
    (folder / "english.tar.gz").write_bytes(b"another archive")
    after = deployment(archives(synthesize, folder))
    assert after.pop("SourceObjectKeys") != before.pop("SourceObjectKeys")
    assert after == before


def test_the_function_has_the_disk_that_the_check_counts_on(
    synthesize: Synthesize, folder: Path
) -> None:
    function = archives(synthesize, folder).only("AWS::Lambda::Function")
    assert function["EphemeralStorage"] == {"Size": BUCKET_DEPLOYMENT_DISK_GIB * 1024}
    assert function["Timeout"] == 900


def test_the_function_may_copy_that_zip_below_that_prefix_and_do_nothing_else(
    synthesize: Synthesize, folder: Path
) -> None:
    template = archives(synthesize, folder)
    role = template.only("AWS::IAM::Role")
    (policy,) = role["Policies"]
    allowed = {
        action: statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    (key,) = deployment(template)["SourceObjectKeys"]
    group = f"arn:aws:logs:eu-central-1:111111111111:log-group:{LOG_GROUP}:*"
    assert allowed == {
        "s3:GetObject": f"arn:aws:s3:::cdk-hnb659fds-assets-111111111111-eu-central-1/{key}",
        "s3:AbortMultipartUpload": f"{BUCKET}/models/*",
        "s3:PutObject": f"{BUCKET}/models/*",
        "s3:ListBucket": BUCKET,
        "kms:Decrypt": KEY_ARN,
        "kms:GenerateDataKey": KEY_ARN,
        "logs:CreateLogStream": group,
        "logs:PutLogEvents": group,
    }
    assert "ManagedPolicyArns" not in role
    assert not template.all("AWS::IAM::Policy")


def test_it_logs_to_the_stages_group(synthesize: Synthesize, folder: Path) -> None:
    template = archives(synthesize, folder)
    assert not template.all("AWS::Logs::LogGroup")
    function = template.only("AWS::Lambda::Function")
    assert function["LoggingConfig"]["LogGroup"] == LOG_GROUP


def test_cfn_lint_has_nothing_to_say(synthesize: Synthesize, folder: Path) -> None:
    assert archives(synthesize, folder).lint() == []
