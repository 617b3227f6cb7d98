"""Three accounts, and stages whose stacks take no time: what promotion moves, in small.

S3, ECR, CloudFormation and SageMaker's Models are the emulator's. The CDK CLI is stood in for by
`deploy`, as it takes seconds; tests/promotion/test_promoting.py has the real one.
"""

import gzip
import hashlib
import io
import json
import tarfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from aws import assembly, cloudformation
from aws.errors import CallError, in_one_line
from aws.recorded import unzip
from aws.stage import Stage
from promotion import deployed
from promotion.deploy import DeploymentError
from promotion.evidence import Check, Golden, Latency, Spans, Verification
from promotion.moving.registry import Repository, ecr_repository
from promotion.moving.s3 import parted
from promotion.record import record
from promotion.release import Release, Source
from promotion.store import ReleaseStore
from stacks.settings import load
from tests.promotion.moving.test_images import push

ACCOUNTS = {"dev": "1" * 12, "qa": "2" * 12, "prod": "3" * 12}
REGION = "eu-central-1"
ROLE = "arn:aws:iam::{}:role/execution"
NO_CHECKOUT = Source(commit=None, clean=False)
_ONE = Spans(expected=1, found=1, right=1)
GOLDEN = Golden(sha256="0" * 64, cases=100, exact=100, labels={"PER": _ONE})
_FAST = {"p50_ms": 1, "p95_ms": 1, "p99_ms": 1}
LATENCY = Latency(requests_per_second=1, seconds=1, requests=1, errors=0, histogram=(), **_FAST)


@dataclass
class World:
    """A project of its own in the emulator's accounts.

    folder: has its stages.toml; commands run in it.
    contents: of every model that there is, by the key that it has as an asset.
    """

    folder: Path
    project: str
    contents: dict[str, bytes] = field(default_factory=dict)
    _stages: dict[str, Stage] = field(default_factory=dict)
    _images: dict[str, Repository] = field(default_factory=dict)

    @classmethod
    def made(cls, folder: Path, project: str, stages: str) -> "World":
        folder.mkdir()
        (folder / "stages.toml").write_text(stages.replace('"berth"', f'"{project}"', 1))
        world = cls(folder, project)
        buckets = [(name, world.bucket(name)) for name in ACCOUNTS]
        for name, bucket in [*buckets, ("dev", world.training)]:
            world.client("s3", name).create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        for name, account in ACCOUNTS.items():
            world.client("ecr", name).create_repository(
                repositoryName=world.repository(account), imageTagMutability="IMMUTABLE"
            )
        return world

    def client(self, service: str, stage: str) -> Any:
        return self.stage(stage).client(service)

    def stage(self, name: str) -> Stage:
        """Made once: a session and its clients take long."""
        if name not in self._stages:
            self._stages[name] = self.another(name)
        return self._stages[name]

    def forget(self) -> None:
        """Let stages be made anew, of a stages.toml that has changed."""
        self._stages.clear()

    def another(self, name: str) -> Stage:
        """With connections of its own: those of a process that forked are not to be shared."""
        stage = Stage(load(self.folder / "stages.toml"), name, profile=f"berth-{name}")
        stage.qualifier = (
            self.project
        )  # its own buckets and repositories in accounts of many worlds
        return stage

    def bucket(self, stage: str) -> str:
        return f"cdk-{self.project}-assets-{ACCOUNTS[stage]}-{REGION}"

    @property
    def training(self) -> str:
        """The bucket of dev's account that training jobs write to."""
        return f"training-{self.project}"

    def repository(self, account: str) -> str:
        return f"cdk-{self.project}-container-assets-{account}-{REGION}"

    def images(self, stage: str) -> Repository:
        if stage not in self._images:
            session = self.stage(stage).session
            self._images[stage] = ecr_repository(session, self.repository(ACCOUNTS[stage]))
        return self._images[stage]

    # What a data scientist does

    def release(self, version: str, source: Source = NO_CHECKOUT) -> Release:
        """Deploy a new version to dev, and record it. `bad` in its name: it does not pass."""
        folder = self.synthesize(version)
        key, content = _key(version), archive(version)
        self.contents[key] = content
        self.client("s3", "dev").put_object(Bucket=self.bucket("dev"), Key=key, Body=content)
        if self.images("dev").manifest(_tag(version)) is None:
            push(self.images("dev"), [b"{}", _image(version).encode()], _tag(version))
        stage = self.stage("dev")
        deploy(stage, folder)
        released, _ = record(stage, folder, source=source)
        return verify(stage, released)

    def train(self, version: str) -> str:
        """Let a training job make a version in dev; the SageMaker model that stands for it."""
        name, content = f"{self.project}-{version}", archive(version)
        self.contents[f"{hashlib.sha256(content).hexdigest()}.gz"] = content
        place = {"Bucket": self.training, "Key": f"{version}/model.tar.gz"}
        self.client("s3", "dev").put_object(**place, Body=content)
        self.client("sagemaker", "dev").create_model(
            ModelName=name,
            PrimaryContainer={
                "Image": "any",
                "ModelDataUrl": f"s3://{place['Bucket']}/{place['Key']}",
            },
            ExecutionRoleArn=ROLE.format(ACCOUNTS["dev"]),
        )
        return name

    def synthesize(self, version: str) -> Path:
        folder = self.folder / "cdk.out" / version
        artifacts = {}
        for stage, account in ACCOUNTS.items():
            nested = folder / f"assembly-{stage}"
            nested.mkdir(parents=True)
            stacks = {
                "storage": _storage(),
                "serving": self._serving(stage, version),
            }
            listed = {}
            for name, template in stacks.items():
                (nested / f"{name}.template.json").write_text(json.dumps(template))
                assets = self._assets(stage, version) if name == "serving" else {"files": {}}
                (nested / f"{name}.assets.json").write_text(json.dumps(assets))
                listed[name] = {
                    "type": "aws:cloudformation:stack",
                    "environment": f"aws://{account}/{REGION}",
                    "properties": {
                        "stackName": f"{self.project}-{stage}-{name}",
                        "templateFile": f"{name}.template.json",
                    },
                    "dependencies": [] if name == "storage" else ["storage"],
                    "displayName": f"{stage}/{name}",
                }
                listed[f"{name}.assets"] = {
                    "type": "cdk:asset-manifest",
                    "properties": {"file": f"{name}.assets.json"},
                }
            (nested / "manifest.json").write_text(json.dumps({"artifacts": listed}))
            artifacts[f"assembly-{stage}"] = {
                "type": "cdk:cloud-assembly",
                "properties": {"directoryName": f"assembly-{stage}"},
            }
        (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
        (folder / "stages.toml").write_bytes((self.folder / "stages.toml").read_bytes())
        return folder

    def _serving(self, stage: str, version: str) -> dict[str, Any]:
        account = ACCOUNTS[stage]
        image = f"{account}.dkr.ecr.{REGION}.amazonaws.com/{self.repository(account)}"
        model = {
            "EnableNetworkIsolation": True,
            "ExecutionRoleArn": ROLE.format(account),
            "PrimaryContainer": {
                "Image": f"{image}:{_tag(version)}",
                "ModelDataUrl": f"s3://{self.bucket(stage)}/{_key(version)}",
                "Environment": {"BERTH_MODEL_MANIFEST_SHA256": manifest(version)},
            },
        }
        # CloudFormation makes the first of them, fails at the second, and rolls both back.
        resources: dict[str, Any] = {
            "Model": {"Type": "AWS::SageMaker::Model", "Properties": model}
        }
        if "undeployable" in version and stage != "dev":
            wrong = {**model, "ExecutionRoleArn": "no role"}
            resources["Broken"] = {**resources["Model"], "DependsOn": "Model", "Properties": wrong}
        return {"Resources": resources}

    def _assets(self, stage: str, version: str) -> dict[str, Any]:
        place = {"bucketName": self.bucket(stage), "objectKey": _key(version)}
        image = {
            "repositoryName": self.repository(ACCOUNTS[stage]),
            "imageTag": _tag(version),
        }
        return {
            "files": {
                _hash(version): {
                    "source": {"path": f"../asset.{version}", "packaging": "file"},
                    "destinations": {"there": place},
                }
            },
            "dockerImages": {_tag(version): {"source": {}, "destinations": {"there": image}}},
        }

    # What has to be true

    def check(self) -> None:
        """Nothing in a target but released bytes, and every release whole."""
        for name in ("qa", "prod"):
            s3 = self.client("s3", name)
            listed = s3.list_objects_v2(Bucket=self.bucket(name)).get("Contents", [])
            for key in (each["Key"] for each in listed):
                if not key.startswith("berth/"):
                    body = s3.get_object(Bucket=self.bucket(name), Key=key)["Body"].read()
                    assert body == self.contents[key], (name, key)
            self._check_images(name)
        for name in ACCOUNTS:
            for release in self.releases(name):
                ReleaseStore(self.stage(name)).assembly(release)

    def _check_images(self, name: str) -> None:
        ecr = self.client("ecr", name)
        here, dev = self.images(name), self.images("dev")
        for image in ecr.list_images(repositoryName=self.repository(ACCOUNTS[name]))["imageIds"]:
            tag = image["imageTag"]
            there, original = here.manifest(tag), dev.manifest(tag)
            assert there is not None
            assert original is not None
            assert there.body == original.body
            content = json.loads(there.body)
            assert all(here.has_blob(layer["digest"]) for layer in content["layers"])

    def check_at_rest(self, name: str) -> None:
        """The stage runs its newest release's assembly: `cdk diff` would be empty."""
        stage = self.stage(name)
        if not stage.is_deployed():
            return
        newest = ReleaseStore(stage).newest()
        if newest is None:
            return
        folder = self.folder / "unpacked" / newest.assembly.sha256
        if not folder.exists():
            unzip(ReleaseStore(stage).assembly(newest), folder, stage.project, stage.qualifier)
        made = assembly.read(folder, name, ACCOUNTS[name], REGION)
        deployed.check_templates(stage, made.templates)

    def releases(self, name: str) -> list[Release]:
        stage = self.stage(name)
        return ReleaseStore(stage).every() if stage.is_deployed() else []


def _hash(version: str) -> str:
    return hashlib.sha256(version.encode()).hexdigest()


def _key(version: str) -> str:
    return f"{_hash(version)}.gz"


def archive(version: str) -> bytes:
    """A model's archive, stored so that its bytes tell of its version."""
    memory, listed = io.BytesIO(), tarfile.TarInfo("SHA256SUMS")
    listed.size = len(_listed(version))
    with tarfile.open(fileobj=memory, mode="w") as packed:
        packed.addfile(tarfile.TarInfo(version))
        packed.addfile(listed, io.BytesIO(_listed(version)))
    return gzip.compress(memory.getvalue(), compresslevel=0, mtime=0)


def _listed(version: str) -> bytes:
    """The archive's SHA256SUMS: its one file is empty."""
    return f"{hashlib.sha256(b'').hexdigest()}  {version}\n".encode()


def manifest(version: str) -> str:
    return hashlib.sha256(_listed(version)).hexdigest()


def _image(version: str) -> str:
    """Versions of a name's first letter have one image."""
    return f"image-{version[0]}"


def _tag(version: str) -> str:
    return _hash(_image(version))


def _storage() -> dict[str, Any]:
    bucket = {"VersioningConfiguration": {"Status": "Enabled"}}
    return {
        "Resources": {"Data": {"Type": "AWS::S3::Bucket", "Properties": bucket}},
        "Outputs": {"DataBucketName": {"Value": {"Ref": "Data"}}},
    }


def deploy(stage: Stage, folder: Path) -> None:
    """What the CDK CLI would do: it refuses to build what is not there."""
    try:
        _deploy(stage, folder)
    except (CallError, ClientError) as error:
        raise DeploymentError(f"{stage.name}: the deployment failed: {error}") from error


def _deploy(stage: Stage, folder: Path) -> None:
    made = assembly.read(folder, stage.name, stage.settings.account, stage.settings.region)
    for file in made.files:
        stage.client("s3").head_object(Bucket=file.bucket, Key=file.key)
    for image in made.images:
        stage.client("ecr").describe_images(
            repositoryName=image.repository, imageIds=[{"imageTag": image.tag}]
        )
    for name, template in made.templates.items():
        _deploy_stack(stage, name, json.dumps(template))


def _deploy_stack(stage: Stage, name: str, template: str) -> None:
    client = stage.cloudformation
    status = _at_rest(client, name)
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}:
        client.delete_stack(StackName=name)
        status = _at_rest(client, name)
    try:
        act = client.update_stack if status else client.create_stack
        act(StackName=name, TemplateBody=template)
    except ClientError as error:
        if "No updates" not in str(error):
            raise
        return
    status = _at_rest(client, name)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeploymentError(f"{stage.name}: the deployment failed: {name} is {status}")


def _at_rest(client: Any, name: str) -> str | None:
    while True:
        found = cloudformation.stack(client, name)
        if found is None or found["StackStatus"] == "DELETE_COMPLETE":
            return None
        status = str(found["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.01)


def verify(stage: Stage, release: Release) -> Release:
    """Evidence on what the stage runs: the model's bytes say whether they are good."""
    bad = False
    for model in release.models:
        bucket, key = parted(str(model.data))
        with in_one_line():
            body = stage.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        bad |= b"bad" in body
    check = Check(name="model", wanted="good", found="bad" if bad else "good", passed=not bad)
    found = Verification(
        gathered=datetime.now(UTC),
        endpoint_config="none",
        checks=(check,),
        golden=GOLDEN,
        former_golden=None,
        latency=LATENCY,
        alarms=None,
    )
    return ReleaseStore(stage).add_evidence(release.id, found)
