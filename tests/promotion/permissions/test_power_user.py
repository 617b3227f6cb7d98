"""Who may all of S3 and KMS in a stage's account, and is no signer, makes no release of it.

IAM's administrators are others: who may take on a signer's role, or deploy, signs.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from aws.stage import Stage
from promotion import PromotionError
from promotion.signing import KEY, SIGNATURE
from promotion.store import ReleaseStore
from stacks.settings import load
from tests.promotion.permissions.sides import Sides
from tests.promotion.permissions.test_exact import denied_to
from tests.roles import Role, allow

pytestmark = pytest.mark.slow

ALIAS = "alias/berth-qa-releases"
RELEASE = "qa-000001"
DIGEST = {
    "Message": hashlib.sha256(b"").digest(),
    "MessageType": "DIGEST",
    "SigningAlgorithm": "ECDSA_SHA_256",
}


@pytest.fixture(scope="module")
def power_user(promoted: Sides) -> Role:
    """Of qa's account, which releases come from."""
    role = Role(promoted.emulator, "qa", "power-user", promoted.roles["source"].files)
    role.may([allow("kms:*", "s3:*", "cloudformation:*")])
    return role


@pytest.fixture
def place(sides: Sides) -> dict[str, Any]:
    return {"Bucket": sides.data_bucket("source"), "Key": f"releases/{RELEASE}.json"}


def test_does_not_sign(power_user: Role) -> None:
    denied_to(power_user, "kms", "sign", KeyId=ALIAS, **DIGEST)


def test_does_not_take_the_key_over(power_user: Role) -> None:
    kms = power_user.client("kms")
    own = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    denied_to(power_user, "kms", "put_key_policy", KeyId=key, Policy=policy)
    denied_to(power_user, "kms", "update_alias", AliasName=ALIAS, TargetKeyId=own)
    denied_to(power_user, "kms", "delete_alias", AliasName=ALIAS)
    denied_to(power_user, "kms", "schedule_key_deletion", KeyId=key)
    grant = {"GranteePrincipal": f"arn:aws:iam::222222222222:role/{power_user.name}"}
    denied_to(power_user, "kms", "create_grant", KeyId=key, Operations=["Sign"], **grant)


def test_does_not_write_or_delete_releases(power_user: Role, place: dict[str, Any]) -> None:
    listed = power_user.client("s3").list_object_versions(Bucket=place["Bucket"], Prefix="releases")
    assert listed["Versions"]
    denied_to(power_user, "s3", "put_object", **place, Body=b"{}", IfMatch='"1"')
    denied_to(power_user, "s3", "delete_object", **place)
    for version in listed["Versions"]:
        named = {"Key": version["Key"], "VersionId": version["VersionId"]}
        denied_to(power_user, "s3", "delete_object", Bucket=place["Bucket"], **named)


@pytest.fixture
def open_bucket(sides: Sides, power_user: Role, place: dict[str, Any]) -> Iterator[Role]:
    """Who may change the bucket's policy, too, writes what they like."""
    s3, bucket = sides.root("source", "s3"), place["Bucket"]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    original = s3.get_object(**place)
    body = original["Body"].read()
    power_user.client("s3").delete_bucket_policy(Bucket=bucket)
    yield power_user
    s3.put_object(**place, Body=body, Metadata=original["Metadata"])
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)


@pytest.mark.parametrize("signed_by", ["nobody", "the same signature", "a key of their own"])
def test_what_they_write_all_the_same_is_no_release(
    sides: Sides, open_bucket: Role, place: dict[str, Any], signed_by: str
) -> None:
    s3, kms = open_bucket.client("s3"), open_bucket.client("kms")
    original = s3.get_object(**place)
    forged = original["Body"].read().replace(b'"clean": false', b'"clean": true')
    digest = {**DIGEST, "Message": hashlib.sha256(forged).digest()}
    own = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    signature = b64encode(kms.sign(KeyId=own, **digest)["Signature"]).decode()
    metadata = {
        "nobody": {},
        "the same signature": original["Metadata"],
        "a key of their own": {SIGNATURE: signature, KEY: own},
    }
    s3.put_object(**place, Body=forged, Metadata=metadata[signed_by])
    stage = Stage(load(sides.project / "stages.toml"), "qa", profile="source")
    with pytest.raises(PromotionError, match=r"not signed|somebody else has written it"):
        ReleaseStore(stage).trusted(RELEASE)
