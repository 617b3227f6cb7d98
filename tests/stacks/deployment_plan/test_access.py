"""What an update lets somebody do that was not allowed before."""

from typing import Any

import pytest

from stacks.deployment_plan.access import gained
from tests.stacks.deployment_plan.templates import Resource, resource

OBJECT = "arn:aws:s3:::bucket/key"


def role(*statements: dict[str, Any], **properties: Any) -> Resource:
    policy = {"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}
    return resource("AWS::IAM::Role", Policies=[policy], **properties)


def statement(
    action: Any = "s3:GetObject", on: Any = OBJECT, effect: str = "Allow", **others: Any
) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": on, **others}


def wider(before: Resource, after: Resource) -> list[str]:
    return [str(each) for each in gained(before, after, {}, {})]


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (statement("s3:PutObject"), f"may now: s3:PutObject on {OBJECT}"),
        (statement("s3:*"), f"may now: s3:* on {OBJECT}"),
        (statement(on="*"), "may now: s3:GetObject on *"),
        (statement(["s3:GetObject", "kms:Decrypt"]), f"may now: kms:Decrypt on {OBJECT}"),
        (statement(on={"Ref": "Other"}), "may now: s3:GetObject on Other"),
        (
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            "may now: all but iam:* on *",
        ),
    ],
)
def test_a_statement_that_allows_more_is_named(after: dict[str, Any], says: str) -> None:
    assert wider(role(statement()), role(statement(), after)) == [says]


@pytest.mark.parametrize(
    "after",
    [
        [statement()],
        [],
        [statement("S3:getobject")],
        [statement("s3:GetObject", Condition={"Bool": {"aws:SecureTransport": "true"}})],
        [statement(), statement("s3:PutObject", effect="Deny")],
    ],
)
def test_the_same_less_or_a_denial_is_not(after: list[dict[str, Any]]) -> None:
    assert wider(role(statement()), role(*after)) == []


def test_a_wildcard_covers_what_it_matches() -> None:
    broad = role(statement("s3:*", "arn:aws:s3:::bucket/*"))
    assert wider(broad, role(statement())) == []
    assert wider(role(statement()), broad) == ["may now: s3:* on arn:aws:s3:::bucket/*"]


def test_a_condition_taken_away_widens() -> None:
    bound = statement(Condition={"StringEquals": {"aws:SourceAccount": "111111111111"}})
    assert wider(role(bound), role(statement())) == [f"may now: s3:GetObject on {OBJECT}"]


def test_another_asset_in_place_of_the_last_does_not_widen() -> None:
    old, new = (role(statement(on=f"arn:aws:s3:::assets/{digit * 64}.gz")) for digit in "ab")
    assert wider(old, new) == []


def test_a_denial_taken_away_widens() -> None:
    denied = statement("s3:*", "*", effect="Deny", Principal={"AWS": "*"})
    policy = resource("AWS::S3::BucketPolicy", PolicyDocument={"Statement": [denied]})
    assert wider(policy, {}) == ["no longer denied: *: s3:* on *"]


def test_who_may_assume_a_role_is_named() -> None:
    def trusting(*services: str) -> Resource:
        who = {"Service": [*services]}
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": who}
        return role(AssumeRolePolicyDocument={"Statement": [trust]})

    before = trusting("sagemaker.amazonaws.com")
    after = trusting("sagemaker.amazonaws.com", "ec2.amazonaws.com")
    assert wider(before, after) == ["may now: ec2.amazonaws.com: sts:AssumeRole"]


def test_a_managed_policy_and_a_boundary_count() -> None:
    managed = role(ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"])
    bounded = role(PermissionsBoundary="arn:aws:iam::111111111111:policy/edge")
    assert wider(role(), managed) == ["may now: what arn:aws:iam::aws:policy/ReadOnlyAccess allows"]
    assert wider(bounded, role()) == [
        "no longer denied: what arn:aws:iam::111111111111:policy/edge leaves out"
    ]
