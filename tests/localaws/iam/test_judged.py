"""What IAM is asked about on each request, seen through boto3 and the registry's HTTP."""

import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from localaws.home import LocalAwsError
from localaws.iam import is_enforced
from promotion.moving import MoveError
from promotion.moving.registry import DOCKER_MANIFEST, Manifest, Repository, ecr_repository
from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import eventually
from tests.roles import Role, allow

pytestmark = pytest.mark.slow

ACCOUNT = "111111111111"
PLACE = f"eu-central-1:{ACCOUNT}"
REGION = "eu-central-1"


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as found:
        call(**arguments)
    assert found.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403")
    return str(found.value)


@pytest.fixture
def bucket(emulator: TestEmulator) -> str:
    name = f"bucket-{uuid4().hex[:8]}"
    emulator.client("s3", "dev").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


def test_any_word_but_enforce_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAWS_IAM", "")
    assert not is_enforced()
    monkeypatch.setenv("LOCALAWS_IAM", "on")
    with pytest.raises(LocalAwsError, match="LOCALAWS_IAM='on': must be enforce"):
        is_enforced()


def test_a_role_may_what_its_policy_says_and_nothing_else(role: Role, bucket: str) -> None:
    s3 = role.client("s3")
    assert "s3:PutObject" in refused(s3.put_object, Bucket=bucket, Key="a/1", Body=b"1")
    role.may([allow("s3:PutObject", on=f"arn:aws:s3:::{bucket}/a/*")])
    s3.put_object(Bucket=bucket, Key="a/1", Body=b"1")
    assert "s3:PutObject" in refused(s3.put_object, Bucket=bucket, Key="b/1", Body=b"1")
    assert "s3:GetObject" in refused(s3.get_object, Bucket=bucket, Key="a/1")


def test_another_account_needs_the_buckets_policy_too(
    emulator: TestEmulator, role: Role, bucket: str
) -> None:
    theirs = f"theirs-{bucket}"
    owner = emulator.client("s3", "qa")
    owner.create_bucket(Bucket=theirs, CreateBucketConfiguration={"LocationConstraint": REGION})
    role.may([allow("s3:PutObject")])
    refused(role.client("s3").put_object, Bucket=theirs, Key="1", Body=b"1")
    # MiniStack knows of a caller from elsewhere the account alone.
    account = {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}}
    grant = allow("s3:PutObject", on=f"arn:aws:s3:::{theirs}/*") | account
    policy = {"Version": "2012-10-17", "Statement": [grant]}
    owner.put_bucket_policy(Bucket=theirs, Policy=json.dumps(policy))
    role.client("s3").put_object(Bucket=theirs, Key="1", Body=b"1")


def test_who_may_not_list_is_not_told_what_is_not_there(role: Role, bucket: str) -> None:
    s3 = role.client("s3")
    read = allow("s3:GetObject", on=f"arn:aws:s3:::{bucket}/*")
    role.may([read])
    refused(s3.head_object, Bucket=bucket, Key="none")
    assert "s3:ListBucket" in refused(s3.get_object, Bucket=bucket, Key="none")
    role.may([read, allow("s3:ListBucket", on=f"arn:aws:s3:::{bucket}")])
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="none")


def test_a_transform_job_lists_its_prefix_with_the_models_role(
    emulator: TestEmulator, role: Role, bucket: str
) -> None:
    sagemaker = emulator.client("sagemaker", "dev")
    sagemaker.create_model(
        ModelName=role.name,
        PrimaryContainer={"Image": "none", "ModelDataUrl": "s3://none/model.tar.gz"},
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role.name}",
    )
    listing = allow(
        "s3:ListBucket",
        on=f"arn:aws:s3:::{bucket}",
        when={"StringLike": {"s3:prefix": ["batch/input/*"]}},
    )
    read = allow("s3:GetObject", on=f"arn:aws:s3:::{bucket}/*")
    refusal = "is not authorized to perform: s3:ListBucket on resource: "

    role.may([read])
    assert refusal in failure_of_a_job(sagemaker, role.name, f"s3://{bucket}/batch/input/")
    role.may([read, listing])
    assert refusal in failure_of_a_job(sagemaker, role.name, f"s3://{bucket}/elsewhere/")
    # There is nothing to read, which only who may list is told.
    found = failure_of_a_job(sagemaker, role.name, f"s3://{bucket}/batch/input/")
    assert found.startswith("ClientError: No S3 objects found")


def failure_of_a_job(sagemaker: Any, model: str, source: str) -> str:
    name, given = f"job-{uuid4().hex[:8]}", {"S3DataType": "S3Prefix", "S3Uri": source}
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=model,
        TransformInput={"DataSource": {"S3DataSource": given}},
        TransformOutput={"S3OutputPath": f"{source}out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def look() -> str | None:
        found = sagemaker.describe_transform_job(TransformJobName=name)
        return str(found["FailureReason"]) if found["TransformJobStatus"] == "Failed" else None

    return eventually(look)


def test_the_key_of_an_encrypted_bucket_is_used(emulator: TestEmulator, role: Role) -> None:
    bucket = stack_with_bucket(emulator)
    objects = allow("s3:GetObject", "s3:PutObject", on=f"arn:aws:s3:::{bucket}/*")
    s3, key = role.client("s3"), f"arn:aws:kms:{PLACE}:key/*"
    role.may([objects])
    assert "kms:GenerateDataKey" in refused(s3.put_object, Bucket=bucket, Key="1", Body=b"1")
    role.may([objects, allow("kms:GenerateDataKey", on=key)])
    s3.put_object(Bucket=bucket, Key="1", Body=b"1")
    s3.head_object(Bucket=bucket, Key="1")
    assert "kms:Decrypt" in refused(s3.get_object, Bucket=bucket, Key="1")
    refused(s3.head_object, Bucket=bucket, Key="1", ChecksumMode="ENABLED")
    in_parts = {"Bucket": bucket, "Key": "2"}
    assert "kms:Decrypt" in refused(s3.create_multipart_upload, **in_parts)
    role.may([objects, allow("kms:Decrypt", on=key, when=used_by("another-bucket"))])
    assert "kms:Decrypt" in refused(s3.get_object, Bucket=bucket, Key="1")
    role.may([objects, allow("kms:Decrypt", on=key, when=used_by(bucket))])
    assert s3.get_object(Bucket=bucket, Key="1")["Body"].read() == b"1"


def used_by(bucket: str) -> dict[str, Any]:
    return {
        "StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"},
        "ArnLike": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}"},
    }


def stack_with_bucket(emulator: TestEmulator) -> str:
    policy = {
        "Version": "2012-10-17",
        "Statement": [allow("kms:*") | {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}}],
    }
    default = {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
    }
    rule = {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": default}
    encryption = {"ServerSideEncryptionConfiguration": [rule]}
    template = {
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
            "Data": {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": encryption}},
        }
    }
    cloudformation, name = emulator.client("cloudformation", "dev"), f"stack-{uuid4().hex[:8]}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1}
    )
    found = cloudformation.describe_stack_resource(StackName=name, LogicalResourceId="Data")
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


ENDPOINT, MODEL, CONFIG = (
    {name: "Mine"} for name in ("EndpointName", "ModelName", "EndpointConfigName")
)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "judged"),
    [
        ("sagemaker", "DescribeEndpoint", ENDPOINT, "endpoint/mine"),
        ("sagemaker", "DescribeModel", MODEL, "model/mine"),
        ("sagemaker", "DescribeEndpointConfig", CONFIG, "endpoint-config/mine"),
        ("sagemaker-runtime", "InvokeEndpoint", ENDPOINT | {"Body": b"{}"}, "endpoint/mine"),
    ],
)
def test_sagemaker_is_judged_by_action_and_resource(
    role: Role, service: str, operation: str, arguments: dict[str, Any], judged: str
) -> None:
    call = getattr(role.client(service), xform_name(operation))
    arn = f"arn:aws:sagemaker:{PLACE}:{judged}"
    role.may([allow(f"sagemaker:{operation}", on=f"{arn}-of-others")])
    assert f"perform: sagemaker:{operation}" in refused(call, **arguments)
    role.may([allow(f"sagemaker:{operation}", on=arn)])
    with pytest.raises(ClientError) as found:
        call(**arguments)
    assert found.value.response["Error"]["Code"] in ("ValidationException", "ValidationError")


def test_listing_names_no_resource(role: Role) -> None:
    role.may([allow("sagemaker:ListModels")])
    assert "Models" in role.client("sagemaker").list_models()


BLOBS = (b"{}", b"layer")
PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
)
PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def push(repository: Repository) -> None:
    digests = [f"sha256:{hashlib.sha256(blob).hexdigest()}" for blob in BLOBS]
    for blob, digest in zip(BLOBS, digests, strict=True):
        assert not repository.has_blob(digest)
        repository.upload(digest, len(blob), iter([blob]))
    parts = [
        {"digest": digest, "size": len(blob), "mediaType": "application/octet-stream"}
        for blob, digest in zip(BLOBS, digests, strict=True)
    ]
    content = {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": parts[0]}
    body = json.dumps(content | {"layers": parts[1:]}).encode()
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    repository.put_manifest("1", Manifest(body, digest, DOCKER_MANIFEST))


def pull(repository: Repository) -> bytes:
    manifest = repository.manifest("1")
    assert manifest
    return b"".join(repository.blob(json.loads(manifest.body)["layers"][0]["digest"]))


def push_and_pull(repository: Repository) -> None:
    push(repository)
    assert pull(repository) == BLOBS[1]


@pytest.mark.parametrize("missing", [*PUSH, *PULL])
def test_the_registry_is_judged_by_who_logged_in(
    emulator: TestEmulator, role: Role, missing: str
) -> None:
    name = f"cdk-{uuid4().hex[:8]}-container-assets-111111111111-{REGION}"
    emulator.client("ecr", "dev").create_repository(repositoryName=name)
    login = allow("ecr:GetAuthorizationToken")
    arn = f"arn:aws:ecr:{PLACE}:repository/{name}"
    role.may([login])
    repository = ecr_repository(role.session, name)
    role.may([allow(*({*PUSH, *PULL} - {missing}), on=arn)])
    with pytest.raises(MoveError, match=f"it needs .*{missing}"):
        push_and_pull(repository)


def test_a_registry_asks_for_a_login(emulator: TestEmulator) -> None:
    with pytest.raises(MoveError, match=r"it needs ecr:BatchGetImage \(HTTP 401 UNAUTHORIZED"):
        Repository(emulator.url, "any").manifest("1")


def test_repositories_are_described_one_by_one(emulator: TestEmulator, role: Role) -> None:
    name = f"repository-{uuid4().hex[:8]}"
    emulator.client("ecr", "dev").create_repository(repositoryName=name)
    role.may([allow("ecr:DescribeRepositories", on=f"arn:aws:ecr:{PLACE}:repository/{name}")])
    ecr = role.client("ecr")
    assert len(ecr.describe_repositories(repositoryNames=[name])["repositories"]) == 1
    refused(ecr.describe_repositories)
