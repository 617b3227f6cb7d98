"""A cloud assembly in small, in the form in which the CDK writes it."""

import hashlib
import json
from pathlib import Path
from typing import Any

PROJECT, QUALIFIER = "berth", "hnb659fds"
ACCOUNT, REGION = "1" * 12, "eu-central-1"
ARCHIVE, IMAGE = (hashlib.sha256(name.encode()).hexdigest() for name in ("archive", "image"))
TEMPLATES: dict[str, dict[str, Any]] = {
    "Storage": {"Resources": {}, "Description": "Größe"},
    "Serving": {"Resources": {}},
}
IDS = {"Storage": "2CA8F43C", "Serving": "BFA62EE2"}

Files = dict[str, bytes]


def assembly(*stages: str) -> Files:
    """Its files, by their paths; an asset lies beside the parts of the stages."""
    parts = {
        f"assembly-{stage}": {
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": f"assembly-{stage}", "displayName": stage},
        }
        for stage in stages
    }
    tree = {"Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}}}
    files = {
        "manifest.json": _json({"version": "55.0.0", "artifacts": parts | tree}),
        "stages.toml": f"project = '{PROJECT}'\n".encode(),
    }
    for stage in stages:
        files |= {f"assembly-{stage}/{name}": each for name, each in _part(stage).items()}
    return files


def write(folder: Path, files: Files) -> Path:
    """Put files into a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def _part(stage: str) -> Files:
    artifacts: dict[str, Any] = {}
    files: Files = {"cdk.out": _json({"version": "55.0.0"})}
    for purpose, template in TEMPLATES.items():
        stack_id = f"{stage}{purpose}{IDS[purpose]}"
        content = _json({**template, "Metadata": {"of": stage}})
        digest = hashlib.sha256(content).hexdigest()
        listed = {digest: _file(f"{stack_id}.template.json", f"{digest}.json")}
        images = {}
        if purpose == "Serving":
            listed[ARCHIVE] = _file(f"../asset.{ARCHIVE}.tar.gz", f"{ARCHIVE}.gz")
            images[IMAGE] = {
                "source": {"directory": f"../asset.{IMAGE}", "dockerBuildArgs": {"PYTHON": "3.11"}},
                "destinations": {
                    "there": {
                        "repositoryName": _named("container-assets"),
                        "imageTag": IMAGE,
                        "assumeRoleArn": role("image-publishing"),
                    }
                },
            }
        assets = {"version": "55.0.0", "files": listed, "dockerImages": images}
        files[f"{stack_id}.template.json"] = content
        files[f"{stack_id}.assets.json"] = _json(assets)
        files[f"{stack_id}.metadata.json"] = _json({})
        artifacts[f"{stack_id}.assets"] = {
            "type": "cdk:asset-manifest",
            "properties": {"file": f"{stack_id}.assets.json"},
        }
        artifacts[stack_id] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": {
                "templateFile": f"{stack_id}.template.json",
                "terminationProtection": stage == "prod",
                "assumeRoleArn": role("deploy"),
                "cloudFormationExecutionRoleArn": role("cfn-exec"),
                "stackName": f"{PROJECT}-{stage}-{purpose.lower()}",
            },
            "dependencies": [f"{stack_id}.assets", *_former(artifacts)],
            "displayName": f"{stage}/{purpose}",
        }
    files["manifest.json"] = _json({"version": "55.0.0", "artifacts": artifacts})
    return files


def _former(artifacts: dict[str, Any]) -> list[str]:
    return [name for name, each in artifacts.items() if "environment" in each]


def _file(path: str, key: str) -> dict[str, Any]:
    place = {
        "bucketName": _named("assets"),
        "objectKey": key,
        "assumeRoleArn": role("file-publishing"),
    }
    return {"source": {"path": path, "packaging": "file"}, "destinations": {"there": place}}


def _named(what: str) -> str:
    return f"cdk-{QUALIFIER}-{what}-{ACCOUNT}-{REGION}"


def role(purpose: str) -> str:
    """A role of `cdk bootstrap`, as the CDK names it."""
    name = _named(f"{purpose}-role")
    return f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/{name}"


def _json(content: object) -> bytes:
    return json.dumps(content, indent=1).encode()
