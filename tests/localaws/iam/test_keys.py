"""What IAM is asked about where a key signs, and where an object is written by a condition."""

import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.localaws.conftest import TestEmulator
from tests.localaws.iam.test_judged import ACCOUNT, PLACE, REGION, refused
from tests.roles import Role, allow

pytestmark = pytest.mark.slow

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
ANY_KEY = f"arn:aws:kms:{PLACE}:key/*"
DIGEST = {
    "Message": hashlib.sha256(b"").digest(),
    "MessageType": "DIGEST",
    "SigningAlgorithm": "ECDSA_SHA_256",
}


def signing_key(emulator: TestEmulator, *signers: str) -> tuple[str, str]:
    """The id and the alias of a key that signs for these roles, and verifies for the account."""
    when = {"ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/{s}" for s in signers]}}
    statements = [
        allow("kms:Verify") | {"Principal": ROOT},
        allow("kms:Sign", when=when) | {"Principal": ROOT},
    ]
    kms, alias = emulator.client("kms", "dev"), f"alias/key-{uuid4().hex[:8]}"
    made = kms.create_key(
        KeySpec="ECC_NIST_P256",
        KeyUsage="SIGN_VERIFY",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    key = str(made["KeyMetadata"]["KeyId"])
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    return key, alias


def test_a_role_signs_by_the_alias_that_its_policy_names_and_by_no_other_name(
    emulator: TestEmulator, role: Role
) -> None:
    key, alias = signing_key(emulator, role.name)
    _, another = signing_key(emulator, role.name)
    kms = role.client("kms")
    role.may([allow("kms:Sign", on=ANY_KEY, when={"StringEquals": {"kms:RequestAlias": alias}})])
    assert kms.sign(KeyId=alias, **DIGEST)["KeyId"].endswith(key)
    kms.sign(KeyId=f"arn:aws:kms:{PLACE}:{alias}", **DIGEST)
    for name in (key, f"arn:aws:kms:{PLACE}:key/{key}", another):
        assert "kms:Sign" in refused(kms.sign, KeyId=name, **DIGEST)


def test_an_alias_stands_for_its_key_in_a_policys_resource(
    emulator: TestEmulator, role: Role
) -> None:
    key, alias = signing_key(emulator, role.name)
    role.may([allow("kms:Sign", on=f"arn:aws:kms:{PLACE}:{alias}")])
    refused(role.client("kms").sign, KeyId=alias, **DIGEST)
    role.may([allow("kms:Sign", on=f"arn:aws:kms:{PLACE}:key/{key}")])
    role.client("kms").sign(KeyId=alias, **DIGEST)


def test_whom_the_keys_own_policy_does_not_name_iam_alone_lets_nothing(
    emulator: TestEmulator, role: Role
) -> None:
    key, alias = signing_key(emulator, "another")
    _, own = signing_key(emulator, role.name)
    kms = role.client("kms")
    role.may([allow("kms:*")])
    assert "kms:Sign" in refused(kms.sign, KeyId=alias, **DIGEST)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow("kms:*")]})
    refused(kms.put_key_policy, KeyId=key, Policy=policy)
    refused(kms.update_alias, AliasName=alias, TargetKeyId=own)
    refused(kms.delete_alias, AliasName=alias)
    refused(kms.create_alias, AliasName=f"{own}-2", TargetKeyId=key)
    signature = kms.sign(KeyId=own, **DIGEST)["Signature"]
    assert kms.verify(KeyId=own, Signature=signature, **DIGEST)["SignatureValid"]


def write_policy(emulator: TestEmulator, when: dict[str, Any]) -> str:
    """A bucket that refuses writes where a condition holds."""
    s3, name = emulator.client("s3", "dev"), f"bucket-{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    deny = allow("s3:PutObject", on=f"arn:aws:s3:::{name}/*", when=when)
    deny |= {"Effect": "Deny", "Principal": "*"}
    policy = {"Version": "2012-10-17", "Statement": [deny]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return name


def test_a_buckets_policy_asks_for_conditional_writes(emulator: TestEmulator, role: Role) -> None:
    neither = {"Null": {"s3:if-match": "true", "s3:if-none-match": "true"}}
    place = {"Bucket": write_policy(emulator, neither), "Key": "1"}
    s3 = role.client("s3")
    role.may([allow("s3:*")])
    assert "s3:PutObject" in refused(s3.put_object, **place, Body=b"1")
    written = s3.put_object(**place, Body=b"1", IfNoneMatch="*")
    s3.put_object(**place, Body=b"2", IfMatch=written["ETag"])


def test_a_session_is_known_to_a_buckets_policy_by_its_roles_arn(
    emulator: TestEmulator, role: Role
) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role.name}"
    s3 = role.client("s3")
    role.may([allow("s3:*")])
    bucket = write_policy(emulator, {"ArnNotLike": {"aws:PrincipalArn": arn}})
    s3.put_object(Bucket=bucket, Key="1", Body=b"1")
    bucket = write_policy(emulator, {"ArnLike": {"aws:PrincipalArn": arn}})
    refused(s3.put_object, Bucket=bucket, Key="1", Body=b"1")
