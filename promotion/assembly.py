"""A cloud assembly: its templates and assets by stage, and the zip that can be deployed again."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promotion import PromotionError

STAGES = "stages.toml"

Template = dict[str, Any]


@dataclass(frozen=True)
class FileAsset:
    """A file that the deployment expects in the CDK's asset bucket; `id` is the CDK's hash."""

    id: str
    bucket: str
    key: str


@dataclass(frozen=True)
class ImageAsset:
    """An image that the deployment expects in the CDK's asset repository.

    arguments: what it is built with.
    """

    repository: str
    tag: str
    arguments: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StageAssembly:
    """A stage's stacks as they were synthesized.

    templates: by the name of the stack, in the order of the manifest.
    bucket: the CDK's asset bucket of the stage's account and region.
    files: without the templates, which are in the assembly itself.
    """

    templates: dict[str, Template]
    bucket: str
    files: tuple[FileAsset, ...]
    images: tuple[ImageAsset, ...]


def read(folder: Path, stage: str, account: str, region: str) -> StageAssembly:
    """Read a stage's part of a cloud assembly (`cdk.out`).

    Raises PromotionError where it is no cloud assembly, or has not this stage in this account.
    """
    manifest = _json(folder / "manifest.json")
    name = f"assembly-{stage}"
    if name not in manifest["artifacts"]:
        raise PromotionError(f"{folder}: no stage {stage} in this cloud assembly")
    nested = folder / manifest["artifacts"][name]["properties"]["directoryName"]
    artifacts = _json(nested / "manifest.json")["artifacts"].values()
    stacks = [each for each in artifacts if each["type"] == "aws:cloudformation:stack"]
    for stack in stacks:
        if stack["environment"] != f"aws://{account}/{region}":
            raise PromotionError(
                f"{folder}: {stack['properties']['stackName']} is for {stack['environment']};"
                f" {STAGES} has aws://{account}/{region}: synthesize anew"
            )
    listed = [
        _json(nested / each["properties"]["file"])
        for each in artifacts
        if each["type"] == "cdk:asset-manifest"
    ]
    files = [
        (_is_inside(asset), FileAsset(name, place["bucketName"], place["objectKey"]))
        for assets in listed
        for name, asset in assets["files"].items()
        for place in asset["destinations"].values()
    ]
    return StageAssembly(
        templates={
            each["properties"]["stackName"]: _json(nested / each["properties"]["templateFile"])
            for each in stacks
        },
        bucket=next((file.bucket for _, file in files), ""),
        files=tuple(dict.fromkeys(file for inside, file in files if not inside)),
        images=tuple(
            ImageAsset(
                place["repositoryName"],
                place["imageTag"],
                tuple(sorted(asset["source"].get("dockerBuildArgs", {}).items())),
            )
            for assets in listed
            for asset in assets["dockerImages"].values()
            for place in asset["destinations"].values()
        ),
    )


def stages(folder: Path) -> list[str]:
    """The stages that a cloud assembly has."""
    artifacts = _json(folder / "manifest.json")["artifacts"]
    return [name.removeprefix("assembly-") for name in _parts(artifacts)]


def _parts(artifacts: dict[str, Any]) -> dict[str, Any]:
    return {
        name: artifact
        for name, artifact in artifacts.items()
        if artifact["type"] == "cdk:cloud-assembly"
    }


def _is_inside(asset: dict[str, Any]) -> bool:
    """Whether it is a template: the other assets lie beside the folders of the stages."""
    return not str(asset["source"].get("path", "..")).startswith("..")


def roles(folder: Path, stage: str) -> list[str]:
    """The roles of `cdk bootstrap` that the CDK CLI takes on to deploy a stage."""
    nested = (
        folder
        / _json(folder / "manifest.json")["artifacts"][f"assembly-{stage}"]["properties"][
            "directoryName"
        ]
    )
    artifacts = _json(nested / "manifest.json")["artifacts"].values()
    named = [each["properties"].get("assumeRoleArn") for each in artifacts]
    for each in artifacts:
        if each["type"] == "cdk:asset-manifest":
            listed = _json(nested / each["properties"]["file"])
            for asset in (*listed["files"].values(), *listed["dockerImages"].values()):
                named += [one.get("assumeRoleArn") for one in asset["destinations"].values()]
    return sorted({role.replace("${AWS::Partition}", "aws") for role in named if role})


def zipped(folder: Path) -> bytes:
    """All stages of a cloud assembly in a zip for `cdk deploy --app`, and what they were made from.

    The same bytes for the same assembly. The assets stay out: the asset bucket and repository have
    them, and where these do the CDK CLI does not ask for the files.
    """
    manifest = _json(folder / "manifest.json")
    parts = _parts(manifest["artifacts"])
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for artifact in parts.values()
        for file in (folder / artifact["properties"]["directoryName"]).rglob("*")
        if file.is_file()
    }
    files[STAGES] = (folder / STAGES).read_bytes()
    alone = json.dumps({**manifest, "artifacts": parts}, indent=1, sort_keys=True)
    files["manifest.json"] = alone.encode()
    memory = io.BytesIO()
    # Stored, not deflated: another zlib would give other bytes, and these are a few hundred KB.
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            # Without a date of its own an entry has zip's first one, 1980.
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return memory.getvalue()


def unzip(archive: bytes, folder: Path) -> None:
    """Put the files of a zipped assembly into a folder; zipfile keeps them from leaving it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        content.extractall(folder)


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PromotionError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise PromotionError(f"{file}: not JSON: {error}") from None
    return content
