"""The stack of roles for GitHub's jobs: whom each trusts, and what it may do."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy

from pipeline import add_roles
from stacks.compliance import packs
from stacks.compliance.acknowledged import JOB_ROLE_WILDCARDS
from stacks.job_roles import outputs
from stacks.settings import Settings
from tests.stacks.compliance.test_packs import findings
from tests.stacks.conftest import Template
from tests.stacks.linting import lint

pytestmark = pytest.mark.slow

ISSUER = "token.actions.githubusercontent.com"
REPOSITORY = "octo-org@123456/ner@456789"


def role(templates: dict[str, Template], stage: str, purpose: str) -> dict[str, Any]:
    (found,) = (
        resource["Properties"]
        for resource in templates[f"{stage}-PipelineRoles"]["Resources"].values()
        if resource.get("Properties", {}).get("RoleName") == f"berth-{stage}-{purpose}"
    )
    assert isinstance(found, dict)
    return found


def actions(properties: dict[str, Any]) -> set[str]:
    (policy,) = properties["Policies"]
    listed = (one["Action"] for one in policy["PolicyDocument"]["Statement"])
    return {action for one in listed for action in ([one] if isinstance(one, str) else one)}


def is_given(properties: dict[str, Any], **claims: str) -> bool:
    """Whether STS gives the role for a token of GitHub's with these claims."""
    # The provider's reference is its ARN.
    arn = f"arn:aws:iam::111111111111:oidc-provider/{ISSUER}"
    trust = json.dumps(properties["AssumeRolePolicyDocument"]).replace(
        '{"Ref": "GitHub"}', f'"{arn}"'
    )
    context = EvalContext(
        principal_arn=arn,
        principal_type="WebIdentityUser",
        principal_account="111111111111",
        action="sts:AssumeRoleWithWebIdentity",
        resource_arn="arn:aws:iam::111111111111:role/berth-dev-deploy",
        region="eu-central-1",
        service_context={f"{ISSUER}:{name}": value for name, value in claims.items()},
    )
    return bool(evaluate_trust_policy(trust, arn, context))


def test_a_role_is_given_to_a_job_of_its_environment(roles: dict[str, Template]) -> None:
    deploy = role(roles, "dev", "deploy")
    assert is_given(deploy, aud="sts.amazonaws.com", sub=f"repo:{REPOSITORY}:environment:dev")


@pytest.mark.parametrize(
    "subject",
    [
        "repo:octo-org/ner:environment:dev",  # the form that a name taken over would have
        "repo:octo-org@999/ner@456789:environment:dev",
        "repo:octo-org@123456/ner@999:environment:dev",
        f"repo:{REPOSITORY}:environment:prod",
        f"repo:{REPOSITORY}:environment:dev2",
        f"repo:{REPOSITORY}:ref:refs/heads/main",
        f"repo:{REPOSITORY}:pull_request",
        f"repo:{REPOSITORY}:environment:*",
    ],
)
def test_a_role_is_given_to_no_other_job(roles: dict[str, Template], subject: str) -> None:
    assert not is_given(role(roles, "dev", "deploy"), aud="sts.amazonaws.com", sub=subject)


def test_a_role_is_not_given_for_a_token_that_was_made_for_somebody_else(
    roles: dict[str, Template],
) -> None:
    subject = f"repo:{REPOSITORY}:environment:dev"
    assert not is_given(
        role(roles, "dev", "deploy"), aud="https://github.com/octo-org", sub=subject
    )
    assert not is_given(role(roles, "dev", "deploy"), sub=subject)


def test_every_role_trusts_github_alone_by_audience_and_subject_without_wildcards(
    roles: dict[str, Template],
) -> None:
    for template in roles.values():
        for resource in template["Resources"].values():
            if resource["Type"] != "AWS::IAM::Role":
                continue
            (trust,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            assert list(trust["Principal"]) == ["Federated"]
            assert list(trust["Condition"]) == ["StringEquals"]
            expected = trust["Condition"]["StringEquals"]
            assert set(expected) == {f"{ISSUER}:aud", f"{ISSUER}:sub"}
            assert "*" not in "".join(expected.values())


def test_an_account_that_has_the_provider_gets_no_other(roles: dict[str, Template]) -> None:
    made = {
        stage: any(
            one["Type"] == "AWS::IAM::OIDCProvider" for one in template["Resources"].values()
        )
        for stage, template in roles.items()
    }
    assert made == {
        "dev-PipelineRoles": True,
        "qa-PipelineRoles": True,
        "prod-PipelineRoles": False,
    }
    (trust,) = role(roles, "prod", "deploy")["AssumeRolePolicyDocument"]["Statement"]
    arn = f"arn:aws:iam::333333333333:oidc-provider/{ISSUER}"
    assert trust["Principal"]["Federated"] == arn


def test_stages_in_one_account_share_its_provider(
    settings: Settings, context: dict[str, Any], tmp_path: Path
) -> None:
    stages = {
        name: stage.model_copy(update={"account": "111111111111"})
        for name, stage in settings.stages.items()
    }
    app = cdk.App(outdir=str(tmp_path), context=context, analytics_reporting=False)
    add_roles(app, settings.model_copy(update={"stages": stages}))
    app.synth()
    texts = [file.read_text() for file in tmp_path.glob("assembly-*/*.template.json")]
    assert sum('"AWS::IAM::OIDCProvider"' in text for text in texts) == 1


def test_every_role_that_a_workflow_is_told_of_is_there(
    roles: dict[str, Template], settings: Settings
) -> None:
    made = {
        f"arn:aws:iam::{settings.stages[stage].account}:role/{one['Properties']['RoleName']}"
        for stage in settings.stages
        for one in roles[f"{stage}-PipelineRoles"]["Resources"].values()
        if one["Type"] == "AWS::IAM::Role"
    }
    told = {
        value
        for stage in settings.stages
        for value in outputs(settings, stage).values()
        if value.startswith("arn:")
    }
    assert told == made


def test_a_pull_request_may_read_templates_and_nothing_else(roles: dict[str, Template]) -> None:
    assert actions(role(roles, "prod", "plan")) == {
        "cloudformation:DescribeStacks",
        "cloudformation:GetTemplate",
    }


def test_the_source_of_a_promotion_is_read_alone(roles: dict[str, Template]) -> None:
    reading = ("*:BatchGet*", "*:Describe*", "*:Get*", "*:List*", "kms:Decrypt", "kms:Verify")
    found = actions(role(roles, "dev", "source"))
    assert {one for one in found if not any(fnmatchcase(one, each) for each in reading)} == set()


def test_only_the_bootstrap_roles_of_the_own_account_are_taken_on(
    roles: dict[str, Template],
) -> None:
    (policy,) = role(roles, "qa", "deploy")["Policies"]
    (deploy,) = (
        one for one in policy["PolicyDocument"]["Statement"] if one["Action"] == "sts:AssumeRole"
    )
    names = ("deploy", "file-publishing", "image-publishing", "lookup")
    assert set(deploy["Resource"]) <= {
        f"arn:aws:iam::222222222222:role/cdk-hnb659fds-{name}-role-222222222222-eu-central-1"
        for name in names
    }


def synthesized(settings: Settings, context: dict[str, Any], folder: Path) -> cdk.App:
    app = cdk.App(outdir=str(folder), context=context, analytics_reporting=False)
    add_roles(app, settings)
    packs.apply_to_job_roles(app)
    return app


def test_the_rule_packs_pass(settings: Settings, context: dict[str, Any], tmp_path: Path) -> None:
    synthesized(settings, context, tmp_path).synth()
    assert findings(tmp_path) == set()


@pytest.mark.parametrize("kind", list(JOB_ROLE_WILDCARDS))
def test_a_wildcard_without_its_reason_stops_the_synth(
    settings: Settings,
    context: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.delitem(JOB_ROLE_WILDCARDS, kind)
    with pytest.raises(RuntimeError, match="AwsSolutions-IAM5"):
        synthesized(settings, context, tmp_path).synth()


def test_cfn_lint_has_nothing_to_say(roles: dict[str, Template]) -> None:
    for template in roles.values():
        assert list(lint(template, "eu-central-1")) == []
