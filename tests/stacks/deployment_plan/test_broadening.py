"""What somebody must agree to, before a stage may do more than it may today."""

from typing import Any

from stacks.deployment_plan.broadening import broadened

TRUST = {
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::1:root"}}
    ]
}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def role(*statements: dict[str, Any], **properties: Any) -> dict[str, Any]:
    policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}]
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies, **properties}}


def test_the_same_template_allows_nothing_more() -> None:
    same = template(Role=role(READ))
    assert broadened("s", same, None, same) == []


def test_a_new_role_is_named_with_what_it_may_and_who_may_assume_it() -> None:
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    added = template(
        Role=role(READ),
        Support=role(ManagedPolicyArns=[admin], AssumeRolePolicyDocument=TRUST),
    )
    assert broadened("s", template(Role=role(READ)), None, added) == [
        "s: Support: may now: arn:aws:iam::1:root: sts:AssumeRole",
        f"s: Support: may now: what {admin} allows",
    ]


def test_a_statement_that_a_review_has_seen_is_none() -> None:
    wider = template(Role=role(READ, {**READ, "Action": "s3:PutObject"}))
    assert broadened("s", template(Role=role(READ)), wider, wider) == []
    assert broadened("s", template(Role=role(READ)), template(Role=role(READ)), wider) == [
        "s: Role: may now: s3:PutObject on arn:aws:s3:::data/*"
    ]


def test_of_a_stack_that_is_not_deployed_all_is_new_but_what_a_review_has_seen() -> None:
    made = template(Role=role(READ))
    assert broadened("s", None, made, made) == []
    assert broadened("s", None, None, made) == [
        "s: Role: may now: s3:GetObject on arn:aws:s3:::data/*"
    ]


def test_a_denial_that_goes_with_its_resource_is_named() -> None:
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"PolicyDocument": {"Statement": [DENY]}},
    }
    (line,) = broadened("s", template(Policy=policy), None, template())
    assert line == "s: Policy: no longer denied: *: s3:* on *"


def test_a_rule_of_a_security_group_is_named() -> None:
    def group(*rules: dict[str, Any]) -> dict[str, Any]:
        properties = {"SecurityGroupIngress": list(rules)}
        return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}

    rule = {"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}
    assert broadened("s", template(Group=group()), None, template(Group=group(rule))) == [
        "s: Group: SecurityGroupIngress: CidrIp 0.0.0.0/0, IpProtocol -1"
    ]


def test_a_resource_that_is_a_permission_is_named() -> None:
    permission = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {"Action": "lambda:InvokeFunction", "Principal": "*"},
    }
    (line,) = broadened("s", template(Role=role()), None, template(Role=role(), P=permission))
    assert line == "s: P: may now: Action lambda:InvokeFunction, Principal *"


def test_a_type_of_resource_that_was_not_there_is_named() -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
    assert broadened("s", template(Role=role()), None, template(Role=role(), T=topic)) == [
        "s: T: the first AWS::SNS::Topic"
    ]
