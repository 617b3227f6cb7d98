"""A cloud assembly as data: all that the CDK CLI is given is written anew, from parsed fields.

A recorded assembly lies in another account, whose owner is not trusted with this one. The CDK CLI
does what an assembly's files say: it starts the `executable` of a file asset and the build of an
image, assumes the roles that are named, and reads the `cdk.json` of the folder that it is called
in. So of a recorded assembly templates, hashes and build arguments are read; everything else
follows from the stage and its account.
https://github.com/aws/aws-cdk-cli/tree/main/packages/@aws-cdk/cloud-assembly-schema
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from aws.assembly_schema import Assets, FileAsset, ImageAsset, StackArtifact, parsed
from aws.errors import AssemblyError

Files = dict[str, bytes]
"""The files of a cloud assembly, by their paths in it."""

STAGES = "stages.toml"
"""What an assembly was made from; app.py puts a copy of it there."""

MANIFEST = "manifest.json"

_VERSION = "55.0.0"  # of the cloud assembly's schema, which the pinned CDK writes
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_MOST_TEMPLATE_BYTES = 1 << 20
# What the CDK writes for itself, and a deployment does not read.
_LEFT_OUT = re.compile(r"(?:[^/]+/)?(?:cdk\.out|tree\.json|[^/]+\.metadata\.json|[^/]+\.csv)")
_ENDING = re.compile(r"(\.[a-z0-9]{1,8})?")
_PURPOSES = ("Storage", "Serving", "Monitoring")


def written_anew(files: Mapping[str, bytes], project: str, qualifier: str) -> Files:
    """An assembly with the same templates and hashes, and nothing else of what it says.

    The same files for what has been written anew before.

    Raises AssemblyError for a file or a field that no assembly of the project's has.
    """
    parts = _of_type(_json(files, MANIFEST), "cdk:cloud-assembly")
    stages = {name.removeprefix("assembly-"): name for name in parts}
    for name, stage in zip(parts, stages, strict=True):
        if name != f"assembly-{stage}" or not re.fullmatch(r"[a-z][a-z0-9]{0,15}", stage):
            raise AssemblyError(f"{MANIFEST}: {name!r} is not the part of a stage")
    made: Files = {MANIFEST: _written(_manifest({name: _nested(name) for name in parts}))}
    if STAGES in files:
        made[STAGES] = files[STAGES]
    for stage, name in stages.items():
        made |= _Stage(files, project, stage, qualifier).files(name)
    for path in files:
        if path not in made and not path.endswith("/") and not _LEFT_OUT.fullmatch(path):
            raise AssemblyError(f"{path!r}: no such file is part of a recorded assembly")
    return made


class _Stage:
    """A stage's part of an assembly."""

    def __init__(
        self, files: Mapping[str, bytes], project: str, stage: str, qualifier: str
    ) -> None:
        self._files, self._endpoint, self._stage = files, f"{project}-{stage}", stage
        self._folder, self._qualifier = f"assembly-{stage}", qualifier
        manifest = f"{self._folder}/{MANIFEST}"
        stacks = _of_type(_json(files, manifest), "aws:cloudformation:stack")
        self._stacks = {
            name: parsed(StackArtifact, each, f"{manifest}: {name}")
            for name, each in stacks.items()
        }
        places = {each.environment for each in self._stacks.values()}
        if len(places) != 1:
            raise AssemblyError(f"{manifest}: its stacks are not all in one account and region")
        self._environment = places.pop()
        self._account, self._region = self._environment.removeprefix("aws://").split("/")

    def files(self, name: str) -> Files:
        """The part's files, written anew."""
        artifacts: dict[str, Any] = {}
        made: Files = {}
        for stack_id, stack in self._stacks.items():
            template, assets = f"{stack_id}.template.json", f"{stack_id}.assets.json"
            purpose = self._purpose(stack_id, stack)
            content = self._template(stack.properties.template_file)
            digest = hashlib.sha256(content).hexdigest()
            artifacts[f"{stack_id}.assets"] = {
                "type": "cdk:asset-manifest",
                "properties": {"file": assets, **self._bootstrapped(6)},
            }
            artifacts[stack_id] = self._stack(stack_id, stack, purpose, digest)
            made[f"{name}/{template}"] = content
            made[f"{name}/{assets}"] = _written(self._assets(stack_id, digest))
        made[f"{name}/{MANIFEST}"] = _written(_manifest(artifacts))
        return made

    def _purpose(self, id: str, stack: StackArtifact) -> str:
        names = {f"{self._endpoint}-{purpose.lower()}": purpose for purpose in _PURPOSES}
        if stack.properties.stack_name in names and re.fullmatch(r"[A-Za-z0-9]{1,100}", id):
            return names[stack.properties.stack_name]
        raise AssemblyError(
            f"{self._folder}/{MANIFEST}: {stack.properties.stack_name!r} ({id!r:.80}) is no stack"
            f" of {self._endpoint}"
        )

    def _template(self, name: str) -> bytes:
        path = f"{self._folder}/{name}"
        template = _json(self._files, path)
        if len(self._files[path]) > _MOST_TEMPLATE_BYTES:
            raise AssemblyError(
                f"{path}: more than CloudFormation's {_MOST_TEMPLATE_BYTES:,} bytes"
            )
        if not isinstance(template.get("Resources"), dict):
            raise AssemblyError(f"{path}: no template: it has no Resources")
        if "Transform" in template or b'"Fn::Transform"' in self._files[path]:
            raise AssemblyError(f"{path}: a template of Berth has no transform")
        return self._files[path]

    def _stack(self, id: str, stack: StackArtifact, purpose: str, digest: str) -> dict[str, Any]:
        properties = stack.properties
        unknown = [
            name for name in stack.dependencies if name.removesuffix(".assets") not in self._stacks
        ]
        if unknown:
            raise AssemblyError(f"{self._folder}/{MANIFEST}: {id} depends on {unknown[0]!r}")
        tags = {"tags": dict(sorted(properties.tags.items()))} if properties.tags else {}
        return {
            "type": "aws:cloudformation:stack",
            "environment": self._environment,
            "properties": {
                "templateFile": f"{id}.template.json",
                "terminationProtection": properties.protected,
                **tags,
                "validateOnSynth": False,
                "assumeRoleArn": self._role("deploy"),
                "cloudFormationExecutionRoleArn": self._role("cfn-exec"),
                "stackTemplateAssetObjectUrl": f"s3://{self._bucket}/{digest}.json",
                "additionalDependencies": [f"{id}.assets"],
                "lookupRole": {"arn": self._role("lookup"), **self._bootstrapped(8)},
                "stackName": properties.stack_name,
                **self._bootstrapped(6),
            },
            "dependencies": sorted({*stack.dependencies, f"{id}.assets"}),
            "displayName": f"{self._stage}/{purpose}",
        }

    def _assets(self, id: str, digest: str) -> dict[str, Any]:
        path = f"{self._folder}/{id}.assets.json"
        assets = parsed(Assets, _json(self._files, path), path)
        listed = {
            # A template is the one asset that lies in the part itself. The files of a model that is
            # uploaded as it is have absolute paths.
            name: self._file(path, name, asset)
            for name, asset in assets.files.items()
            if "/" in asset.source.path
        }
        key = {"bucketName": self._bucket, "objectKey": f"{digest}.json", **self._published("file")}
        source = {"path": f"{id}.template.json", "packaging": "file"}
        listed[digest] = {"source": source, "destinations": {self._destination: key}}
        images = {name: self._image(path, name, asset) for name, asset in assets.images.items()}
        return {"version": _VERSION, "files": listed, "dockerImages": images}

    def _file(self, path: str, name: str, asset: FileAsset) -> dict[str, Any]:
        (destination,) = asset.destinations.values()
        ending = destination.key.removeprefix(name)
        if not destination.key.startswith(name) or not _ENDING.fullmatch(ending):
            raise AssemblyError(f"{path}: {name} is not named by its hash in S3")
        place = {
            "bucketName": self._bucket,
            "objectKey": destination.key,
            **self._published("file"),
        }
        return {
            "source": {"path": f"../asset.{name}{ending}", "packaging": asset.source.packaging},
            "destinations": {self._destination: place},
        }

    def _image(self, path: str, name: str, asset: ImageAsset) -> dict[str, Any]:
        (destination,) = asset.destinations.values()
        if destination.tag != name:
            raise AssemblyError(f"{path}: {name} is not named by its hash in ECR")
        repository = f"cdk-{self._qualifier}-container-assets-{self._account}-{self._region}"
        place = {
            "repositoryName": repository,
            "imageTag": destination.tag,
            **self._published("image"),
        }
        platform = {"platform": asset.source.platform} if asset.source.platform else {}
        return {
            "source": {
                "directory": f"../asset.{name}",
                "dockerBuildArgs": dict(sorted(asset.source.arguments.items())),
                **platform,
            },
            "destinations": {self._destination: place},
        }

    @property
    def _bucket(self) -> str:
        return f"cdk-{self._qualifier}-assets-{self._account}-{self._region}"

    @property
    def _destination(self) -> str:
        return f"{self._account}-{self._region}"

    def _role(self, purpose: str) -> str:
        name = f"cdk-{self._qualifier}-{purpose}-role-{self._account}-{self._region}"
        return f"arn:${{AWS::Partition}}:iam::{self._account}:role/{name}"

    def _published(self, kind: str) -> dict[str, Any]:
        return {"region": self._region, "assumeRoleArn": self._role(f"{kind}-publishing")}

    def _bootstrapped(self, version: int) -> dict[str, Any]:
        return {
            "requiresBootstrapStackVersion": version,
            "bootstrapStackVersionSsmParameter": f"/cdk-bootstrap/{self._qualifier}/version",
        }


def _nested(stage_part: str) -> dict[str, Any]:
    name = stage_part.removeprefix("assembly-")
    properties = {"directoryName": stage_part, "displayName": name}
    return {"type": "cdk:cloud-assembly", "properties": properties}


def _manifest(artifacts: dict[str, Any]) -> dict[str, Any]:
    return {"version": _VERSION, "artifacts": artifacts}


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True).encode()


def _of_type(manifest: dict[str, Any], type: str) -> dict[str, Any]:
    artifacts = manifest.get("artifacts")
    if not isinstance(artifacts, dict) or not all(isinstance(o, dict) for o in artifacts.values()):
        raise AssemblyError(f"{MANIFEST}: no manifest of a cloud assembly")
    return {name: each for name, each in artifacts.items() if each.get("type") == type}


def _json(files: Mapping[str, bytes], path: str) -> dict[str, Any]:
    try:
        content = json.loads(files[path].decode())
    except KeyError:
        raise AssemblyError(f"{path}: not in the recorded assembly") from None
    except (ValueError, RecursionError) as error:
        raise AssemblyError(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise AssemblyError(f"{path}: no JSON object")
    return content
