"""What is said of checkov's findings. checkov itself is run by `make checkov`."""

from tools.checkov.acknowledged import Acknowledgement, Finding, acknowledgements, judge

OPEN = Finding("dev-Storage.json", "AWS::S3::Bucket.Data", "CKV_AWS_18", "access logging")
KNOWN = Acknowledgement("*-Storage.json", "AWS::S3::Bucket.Data", "CKV_AWS_18", "is a test")


def test_a_finding_with_its_acknowledgement_gets_no_word() -> None:
    assert judge([OPEN, OPEN._replace(template="qa-Storage.json")], [KNOWN]) == []


def test_a_finding_without_one_is_told_in_a_line() -> None:
    assert judge([OPEN], []) == [
        "dev-Storage.json: AWS::S3::Bucket.Data: CKV_AWS_18: access logging"
    ]


def test_an_acknowledgement_speaks_of_its_own_check_resource_and_template_alone() -> None:
    for other in (
        OPEN._replace(check="CKV_AWS_21"),
        OPEN._replace(resource="AWS::S3::Bucket.Other"),
        OPEN._replace(template="dev-Serving.json"),
    ):
        assert len(judge([OPEN, other], [KNOWN])) == 1


def test_an_acknowledgement_of_nothing_is_told_too() -> None:
    assert judge([], [KNOWN]) == [
        "acknowledged.toml: AWS::S3::Bucket.Data: CKV_AWS_18: covers no finding; take it out"
    ]


def test_every_entry_has_a_reason() -> None:
    assert acknowledgements()
    assert all(len(entry.reason) > 20 for entry in acknowledgements())
