"""The steps of a promotion, each of which can be taken again."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from botocore.exceptions import WaiterError

from aws.errors import in_one_line
from promotion import PromotionError
from promotion.deploy import deploy, failure
from promotion.lock import held
from promotion.moving.images import copy_image
from promotion.moving.objects import copy_object, plan_object
from promotion.moving.parts import Digests
from promotion.moving.registry import Repository, ecr_repository
from promotion.record import record
from promotion.release import Source
from promotion.store import ReleaseStore
from promotion.trained import artifact
from promotion.verifying import scan
from promotion.verifying.gather import verify_stage
from tests.promotion.moving.test_images import push
from tests.promotion.permissions.sides import ACCOUNTS, ASSETS, IMAGES, Sides

Step = Callable[[Sides], None]

PART = 5 * 2**20


def images_of(sides: Sides, side: str) -> Repository:
    return ecr_repository(sides.roles[side].session, IMAGES[side])


def read_releases(sides: Sides) -> None:
    """`history`, `show`, `diff`, and the begin of `promote`."""
    stage = sides.stage("source")
    (release,) = ReleaseStore(stage).every()
    assert ReleaseStore(stage).trusted(release.id) == release
    with in_one_line():
        assert stage.served_config() == release.endpoint_config


def copy_model(sides: Sides) -> None:
    """Of two parts, where a killed run has begun."""
    key, data = f"{uuid4().hex}.gz", os.urandom(PART + 1)
    sides.root("source", "s3").put_object(Bucket=ASSETS["source"], Key=key, Body=data)
    sides.root("target", "s3").create_multipart_upload(Bucket=ASSETS["target"], Key=key)
    source, target = sides.object("source", key), sides.object("target", key)
    copy_object(source, target, digests=Digests.of([data], len(data), PART))


def read_what_a_release_names(sides: Sides) -> None:
    """Archives, code, and the files of models."""
    for key in (f"{uuid4().hex}.gz", f"{uuid4().hex}.zip", f"models/{uuid4().hex}/weights"):
        sides.root("source", "s3").put_object(Bucket=ASSETS["source"], Key=key, Body=b"1")
        source, target = sides.object("source", key), sides.object("target", key)
        copy_object(source, target, digests=Digests.of([b"1"], 1, PART))


def miss_a_model(sides: Sides) -> None:
    """What is not there is said to be not there."""
    missing = sides.object("source", "missing.gz")
    try:
        plan_object(missing, sides.object("target", "missing.gz"), digests=Digests.of([], 0))
    except PromotionError as error:
        if "no such object" not in str(error):
            raise


def find_a_trained_model(sides: Sides) -> None:
    sagemaker, name = sides.root("source", "sagemaker"), f"trained-{uuid4().hex[:8]}"
    container = {"Image": "image", "ModelDataUrl": "s3://training/1.tar.gz"}
    sagemaker.create_model(
        ModelName=name,
        PrimaryContainer=container,
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNTS['source']}:role/training",
    )
    assert artifact(sides.stage("source"), name) == "s3://training/1.tar.gz"


def find_a_model_package(sides: Sides) -> None:
    sagemaker, name = sides.root("source", "sagemaker"), f"trained-{uuid4().hex[:8]}"
    containers = [{"Image": "image", "ModelDataUrl": "s3://training/1.tar.gz"}]
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    sagemaker.create_model_package(
        ModelPackageGroupName=name,
        InferenceSpecification={"Containers": containers},
        ModelApprovalStatus="Approved",
    )
    assert artifact(sides.stage("source"), f"{name}/1") == "s3://training/1.tar.gz"


def copy_an_image(sides: Sides) -> None:
    tag = uuid4().hex
    blobs = [json.dumps({"tag": tag}).encode(), tag.encode()]
    digest = push(ecr_repository(sides.session("source"), IMAGES["source"]), blobs, tag)
    copy_image(images_of(sides, "source"), images_of(sides, "target"), digest=digest, tag=tag)


def record_a_release(sides: Sides) -> None:
    """Another one than the newest, which is made to say something else."""
    s3, bucket = sides.root("target", "s3"), sides.data_bucket("target")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="releases/prod-")["Contents"]
    key = max(one["Key"] for one in listed)
    document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    document["endpoint_config"] = document["models"][0]["logical_id"] = "Former"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode())
    nobody = Source(commit=None, clean=False)
    record(sides.stage("target"), sides.assembly, source=nobody)


def verify(sides: Sides) -> None:
    stage = sides.stage("target")
    (release, *_) = ReleaseStore(stage).every()
    _, found = verify_stage(stage, release, lambda _step, _done, _total: None)
    assert found.alarms
    assert found.alarms.watched == 1


def record_and_verify(sides: Sides) -> None:
    """Sign a release, and verify what was signed before evidence is added to it."""
    record_a_release(sides)
    verify(sides)


def see_the_scan(sides: Sides) -> None:
    stage = sides.stage("target")
    (release, *_) = ReleaseStore(stage).every()
    checks = list(scan.checks(stage, release.images, "critical"))
    assert len(checks) == len(release.images) > 0


def take_the_lock(sides: Sides) -> None:
    try:
        with held(sides.stage("target"), ASSETS["target"], doing="tests", breaking="tests") as lock:
            lock.check()
    finally:
        key = "berth/locks/berth-prod.json"
        sides.root("target", "s3").delete_object(Bucket=ASSETS["target"], Key=key)


def deploy_again(sides: Sides) -> None:
    deploy(sides.stage("target"), sides.assembly)


def say_why_it_failed(sides: Sides) -> None:
    """A stack with a resource that cannot be made."""
    cloudformation, name = sides.root("target", "cloudformation"), f"berth-prod-{uuid4().hex[:8]}"
    broken = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"EndpointConfigName": "none"}}
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": {"Broken": broken}})
    )
    with suppress(WaiterError):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1}
        )
    reason = failure(sides.stage("target"), name)
    if reason is None or "Broken" not in reason:
        raise PromotionError(str(reason))


STEPS: dict[str, dict[str, Step]] = {
    "source": {
        "FindReleases": read_releases,
        "SeeWhatIsServed": read_releases,
        "ListReleases": read_releases,
        "ReadReleases": read_releases,
        "DecryptReleases": read_releases,
        "VerifyReleases": read_releases,
        "TellMissingModels": miss_a_model,
        "ReadModels": read_what_a_release_names,
        "LogIn": copy_an_image,
        "ReadImages": copy_an_image,
        "FindTrainedModels": find_a_trained_model,
        "FindModelPackages": find_a_model_package,
    },
    "target": {
        "Unlock": take_the_lock,
        "FindModels": copy_model,
        "CopyModels": copy_model,
        "LogIn": copy_an_image,
        "CopyImages": copy_an_image,
        "Deploy": deploy_again,
        "SeeStacks": record_a_release,
        "SeeModels": record_a_release,
        "SeeImages": record_a_release,
        "SeeScans": see_the_scan,
        "ListReleases": record_a_release,
        "RecordReleases": record_a_release,
        "EncryptReleases": record_a_release,
        "SignReleases": record_and_verify,
        "Verify": verify,
        "WatchAlarms": verify,
    },
}
"""By the side and the Sid of the statement that lets it."""

BY_ACTION: dict[str, Step] = {
    "cloudformation:DescribeStackEvents": say_why_it_failed,
    "s3:GetObjectVersion": record_a_release,
}
"""Actions that another step needs than their statement's."""
