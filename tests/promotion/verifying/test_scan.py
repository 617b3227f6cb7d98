"""What ECR's scan found in a release's images, held against the threshold."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from aws.errors import AwsError
from promotion.evidence import Check
from promotion.release import Image
from promotion.verifying import scan

DIGEST = f"sha256:{'0f' * 32}"
IMAGE = Image(
    registry="111111111111",
    region="eu-central-1",
    repository="assets",
    tag="a",
    digest=DIGEST,
)
ASKED = {
    "registryId": "111111111111",
    "repositoryName": "assets",
    "imageId": {"imageDigest": DIGEST},
    "maxResults": 1,
}


class StageWithEcr:
    """A stage whose ECR answers as it is told."""

    def __init__(self) -> None:
        self._ecr = boto3.client(
            "ecr", "eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.ecr = Stubber(self._ecr)

    def client(self, service: str) -> Any:
        assert service == "ecr"
        return self._ecr


@pytest.fixture
def stage() -> Iterator[StageWithEcr]:
    made = StageWithEcr()
    with made.ecr:
        yield made
        made.ecr.assert_no_pending_responses()


def held(stage: StageWithEcr, least: str | None) -> list[Check]:
    return list(scan.checks(stage, [IMAGE], least))  # type: ignore[arg-type]


def answer(stage: StageWithEcr, status: str, **counts: int) -> None:
    response = {
        "imageScanStatus": {"status": status},
        "imageScanFindings": {"findingSeverityCounts": counts},
    }
    stage.ecr.add_response("describe_image_scan_findings", response, ASKED)


@pytest.mark.parametrize(
    ("least", "counts", "found", "passed"),
    [
        ("critical", {"HIGH": 4, "MEDIUM": 1}, "none", True),
        ("high", {"HIGH": 4, "MEDIUM": 1}, "4 high", False),
        ("medium", {"CRITICAL": 1, "HIGH": 1200, "LOW": 7}, "1 critical, 1,200 high", False),
        ("low", {"INFORMATIONAL": 9, "UNDEFINED": 2}, "none", True),
        ("critical", {}, "none", True),
    ],
)
def test_a_finding_as_severe_as_the_threshold_does_not_pass(
    stage: StageWithEcr, least: str, counts: dict[str, int], found: str, passed: bool
) -> None:
    answer(stage, "COMPLETE", **counts)
    (check,) = held(stage, least)
    assert (check.found, check.passed) == (f"{found} in {DIGEST[:19]}", passed)
    assert check.wanted == f"no finding that is {least} or worse"


def test_a_continuous_scan_has_findings_while_it_watches(stage: StageWithEcr) -> None:
    answer(stage, "ACTIVE", LOW=1)
    assert [check.passed for check in held(stage, "medium")] == [True]


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "FAILED", "UNSUPPORTED_IMAGE"])
def test_what_is_not_scanned_to_its_end_does_not_pass(stage: StageWithEcr, status: str) -> None:
    answer(stage, status)
    (check,) = held(stage, "critical")
    assert not check.passed
    assert status in check.found


def test_what_was_never_scanned_does_not_pass(stage: StageWithEcr) -> None:
    stage.ecr.add_client_error("describe_image_scan_findings", "ScanNotFoundException")
    (check,) = held(stage, "critical")
    assert not check.passed
    assert check.found.startswith("no scan: turn on scanning at push")


def test_what_the_caller_may_not_ask_is_no_evidence(stage: StageWithEcr) -> None:
    stage.ecr.add_client_error("describe_image_scan_findings", "AccessDeniedException", "no")
    with pytest.raises(AwsError):
        held(stage, "critical")


def test_without_a_threshold_nobody_is_asked(stage: StageWithEcr) -> None:
    assert held(stage, None) == []
