"""A stage that signs its releases: its key, and its bucket's policy."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

from stacks.compliance import packs
from stacks.packed_model import PackedModel
from stacks.settings import Settings, load
from stacks.stage import add_stages
from tests import STAGES_FILE
from tests.stacks.compliance.test_packs import findings
from tests.stacks.conftest import Template, read_templates
from tests.stacks.linting import lint
from tests.stacks.test_templates import only, resources

pytestmark = pytest.mark.slow

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
SIGNER, POWER_USER = f"{ROLE}berth-dev-deploy", f"{ROLE}power-user"
CLOUDFORMATION = f"{ROLE}cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-eu-central-1"
SIGNING = f"""
[dev.releases]
signers = ["{SIGNER}", "{ROLE}records-*"]
"""
TAKES_OVER = [
    *("kms:PutKeyPolicy", "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"),
    *("kms:ScheduleKeyDeletion", "kms:DisableKey"),
]


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The tests' own stages, of which dev signs."""
    file = tmp_path_factory.mktemp("signing") / "stages.toml"
    file.write_text(STAGES_FILE.read_text() + SIGNING)
    return load(file)


@pytest.fixture(scope="module")
def made(
    signing: Settings,
    packed_model: PackedModel,
    context: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Their cloud assembly, with the packs' findings."""
    folder = tmp_path_factory.mktemp("signed")
    app = cdk.App(outdir=str(folder), context=context, analytics_reporting=False)
    add_stages(app, signing, dict.fromkeys(signing.model_paths, packed_model))
    packs.apply(app)
    app.synth()
    return folder


@pytest.fixture(scope="module")
def storage(made: Path) -> Template:
    return read_templates(made)["dev-Storage"]


def signing_key(storage: Template) -> tuple[str, dict[str, Any]]:
    (found,) = (
        (name, key)
        for name, key in resources(storage, "AWS::KMS::Key").items()
        if key["Properties"].get("KeyUsage") == "SIGN_VERIFY"
    )
    return found


def decision(policy: dict[str, Any], who: str, action: str, **keys: str) -> str:
    """What a resource's policy says to a role; `keys` are those of the request's service."""
    service, resource = action.partition(":")[0], keys.pop("on", "arn:aws:kms:::key/any")
    said: str = evaluate_resource_policy(
        json.loads(json.dumps(policy)),
        EvalContext(
            principal_arn=who,
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region="eu-central-1",
            secure_transport=True,
            service_context={f"{service}:{key.replace('_', '-')}": keys[key] for key in keys},
        ),
    ).decision
    return said


def test_the_key_signs_and_its_alias_is_the_stages(storage: Template) -> None:
    name, key = signing_key(storage)
    assert key["Properties"]["KeySpec"] == "ECC_NIST_P256"
    alias = only(storage, "AWS::KMS::Alias")["Properties"]
    assert alias["AliasName"] == "alias/berth-dev-releases"
    assert alias["TargetKeyId"] == {"Fn::GetAtt": [name, "Arn"]}


def test_the_key_is_kept_with_the_stages_data(storage: Template) -> None:
    _, key = signing_key(storage)
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"


def test_signers_alone_sign_and_whom_iam_lets_verifies(storage: Template) -> None:
    policy = signing_key(storage)[1]["Properties"]["KeyPolicy"]
    assert decision(policy, SIGNER, "kms:Sign") == "Allow"
    assert decision(policy, f"{ROLE}records-dev", "kms:Sign") == "Allow"
    for other in (POWER_USER, f"{SIGNER}-2", CLOUDFORMATION):
        assert decision(policy, other, "kms:Sign") == "ImplicitDeny"
    assert decision(policy, POWER_USER, "kms:Verify") == "Allow"


@pytest.mark.parametrize("action", TAKES_OVER)
def test_cloudformation_and_the_root_user_alone_change_the_key_and_its_alias(
    storage: Template, action: str
) -> None:
    policy = signing_key(storage)[1]["Properties"]["KeyPolicy"]
    assert decision(policy, CLOUDFORMATION, action) == "Allow"
    assert decision(policy, f"arn:aws:iam::{ACCOUNT}:root", action) == "Allow"
    for other in (POWER_USER, SIGNER):
        assert decision(policy, other, action) == "ImplicitDeny"


def test_nobody_hands_the_keys_use_on_by_a_grant(storage: Template) -> None:
    policy = signing_key(storage)[1]["Properties"]["KeyPolicy"]
    for one in (SIGNER, POWER_USER, CLOUDFORMATION):
        assert decision(policy, one, "kms:CreateGrant") == "ImplicitDeny"


BUCKET = "arn:aws:s3:::data"


@pytest.fixture(scope="module")
def bucket_policy(storage: Template) -> dict[str, Any]:
    """The data bucket's, as S3 has it; an Allow for everybody stands for what IAM allows."""
    (found,) = (
        one["Properties"]["PolicyDocument"]
        for name, one in resources(storage, "AWS::S3::BucketPolicy").items()
        if name.startswith("Data")
    )
    (bucket,) = (name for name in resources(storage, "AWS::S3::Bucket") if name.startswith("Data"))
    arn = json.dumps({"Fn::GetAtt": [bucket, "Arn"]})
    text = json.dumps(found).replace(arn, f'"{BUCKET}"')
    for end in ("/*", "/releases/*", "/releases/dev-*.json"):
        text = text.replace(f'{{"Fn::Join": ["", ["{BUCKET}", "{end}"]]}}', f'"{BUCKET}{end}"')
    policy: dict[str, Any] = json.loads(text)
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": f"{BUCKET}/*", "Principal": "*"}
    return policy | {"Statement": [*policy["Statement"], allow]}


@pytest.mark.parametrize("action", ["PutObject", "DeleteObject", "DeleteObjectVersion"])
@pytest.mark.parametrize("name", ["assemblies/1.zip", "golden/1.jsonl", "sbom/1.json"])
def test_signers_alone_write_and_delete_releases(
    bucket_policy: dict[str, Any], action: str, name: str
) -> None:
    place = f"{BUCKET}/releases/{name}"
    assert decision(bucket_policy, SIGNER, f"s3:{action}", on=place) == "Allow"
    assert decision(bucket_policy, POWER_USER, f"s3:{action}", on=place) == "Deny"
    assert decision(bucket_policy, POWER_USER, "s3:GetObject", on=place) == "Allow"
    assert decision(bucket_policy, POWER_USER, f"s3:{action}", on=f"{BUCKET}/capture/1") == "Allow"


def test_a_document_is_new_or_replaces_the_one_that_was_read(bucket_policy: dict[str, Any]) -> None:
    place = {"on": f"{BUCKET}/releases/dev-000001.json"}
    assert decision(bucket_policy, SIGNER, "s3:PutObject", **place) == "Deny"
    assert decision(bucket_policy, SIGNER, "s3:PutObject", **place, if_none_match="*") == "Allow"
    assert decision(bucket_policy, SIGNER, "s3:PutObject", **place, if_match='"1"') == "Allow"
    assert decision(bucket_policy, POWER_USER, "s3:PutObject", **place, if_match='"1"') == "Deny"


def test_another_stage_of_the_file_has_neither(made: Path) -> None:
    qa = read_templates(made)["qa-Storage"]
    assert not resources(qa, "AWS::KMS::Alias")
    assert "PrincipalArn" not in json.dumps(qa)


def test_the_packs_and_cfn_lint_have_nothing_to_say(made: Path, storage: Template) -> None:
    assert findings(made) == set()
    assert list(lint(storage, "eu-central-1")) == []
