"""A cloud assembly (`cdk.out`): its layout, and a stage's part of it.

https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/cloud-assembly-schema
"""

import json
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from aws.errors import AssemblyError
from aws.received import MANIFEST, STAGES
from stacks.settings import Settings, load

Template = dict[str, Any]
Artifacts = dict[str, dict[str, Any]]


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

    Attributes:
        templates: by the name of the stack, in the order in which the CDK CLI deploys them.
        bucket: the CDK's asset bucket of the stage's account and region.
        files: without the templates, which are in the assembly itself.
        roles: of `cdk bootstrap`, that the CDK CLI takes on to deploy the stage.
    """

    templates: dict[str, Template]
    bucket: str
    files: tuple[FileAsset, ...]
    images: tuple[ImageAsset, ...]
    roles: tuple[str, ...]


def read(folder: Path, stage: str, account: str, region: str) -> StageAssembly:
    """Read a stage's part of a cloud assembly.

    Raises AssemblyError where it is no cloud assembly, or has not this stage in this account.
    """
    nested = stage_folder(folder, stage)
    artifacts = _artifacts(nested)
    wanted = f"aws://{account}/{region}"
    for each in _of_type(artifacts, "aws:cloudformation:stack").values():
        if each["environment"] != wanted:
            raise AssemblyError(
                f"{folder}: {each['properties']['stackName']} is for {each['environment']};"
                f" {STAGES} has {wanted}: synthesize anew"
            )
    manifests = _of_type(artifacts, "cdk:asset-manifest").values()
    assets = [_json(nested / each["properties"]["file"]) for each in manifests]
    files = [
        (_is_inside(asset), FileAsset(name, place["bucketName"], place["objectKey"]))
        for listed in assets
        for name, asset in listed["files"].items()
        for place in asset["destinations"].values()
    ]
    return StageAssembly(
        templates=_templates(nested, artifacts),
        bucket=next((file.bucket for _, file in files), ""),
        files=tuple(dict.fromkeys(file for is_inside, file in files if not is_inside)),
        images=tuple(
            ImageAsset(
                place["repositoryName"],
                place["imageTag"],
                tuple(sorted(asset["source"].get("dockerBuildArgs", {}).items())),
            )
            for listed in assets
            for asset in listed.get("dockerImages", {}).values()
            for place in asset["destinations"].values()
        ),
        roles=_roles(artifacts, assets),
    )


def _artifacts(folder: Path) -> Artifacts:
    artifacts: Artifacts = _json(folder / MANIFEST)["artifacts"]
    return artifacts


def parts(folder: Path) -> list[Path]:
    """The folders of an assembly's stages."""
    return [
        folder / str(each["properties"]["directoryName"])
        for each in _parts(_artifacts(folder)).values()
    ]


def _parts(artifacts: Artifacts) -> Artifacts:
    return _of_type(artifacts, "cdk:cloud-assembly")


def _of_type(artifacts: Artifacts, type: str) -> Artifacts:
    return {name: each for name, each in artifacts.items() if each["type"] == type}


def _templates(nested: Path, artifacts: Artifacts) -> dict[str, Template]:
    stacks = _of_type(artifacts, "aws:cloudformation:stack")
    order = TopologicalSorter({name: each.get("dependencies", []) for name, each in stacks.items()})
    ordered = [stacks[name]["properties"] for name in order.static_order() if name in stacks]
    return {each["stackName"]: _json(nested / each["templateFile"]) for each in ordered}


def _is_inside(asset: dict[str, Any]) -> bool:
    """Whether it is a template: the other assets lie beside the folders of the stages."""
    return not str(asset["source"].get("path", "..")).startswith("..")


def _roles(artifacts: Artifacts, assets: list[dict[str, Any]]) -> tuple[str, ...]:
    named = [each["properties"].get("assumeRoleArn") for each in artifacts.values()]
    for listed in assets:
        for asset in (*listed["files"].values(), *listed.get("dockerImages", {}).values()):
            named += [place.get("assumeRoleArn") for place in asset["destinations"].values()]
    return tuple(sorted({role.replace("${AWS::Partition}", "aws") for role in named if role}))


def stage_folder(folder: Path, stage: str) -> Path:
    """The folder of a stage within a cloud assembly.

    Raises AssemblyError where it is no cloud assembly, or has no such stage.
    """
    artifact = _artifacts(folder).get(f"assembly-{stage}")
    if artifact is None:
        raise AssemblyError(f"{folder}: no stage {stage} in this cloud assembly")
    return folder / str(artifact["properties"]["directoryName"])


def stages(folder: Path) -> list[str]:
    """The stages that a cloud assembly has."""
    return [name.removeprefix("assembly-") for name in _parts(_artifacts(folder))]


def settings(folder: Path) -> Settings:
    """The stages.toml that a cloud assembly was made from.

    Raises SettingsError where there is none, or it is wrong.
    """
    return load(folder / STAGES)


def stored_templates(folder: Path, stage: str, names: list[str]) -> dict[str, Template]:
    """Templates by stack name, of a cloud assembly or of files `<stack>.template.json`.

    Raises AssemblyError where the folder has none of these stacks.
    """
    if (folder / MANIFEST).is_file():
        nested = stage_folder(folder, stage)
        found = _templates(nested, _artifacts(nested))
    else:
        files = {name: folder / f"{name}.template.json" for name in names}
        found = {name: _json(file) for name, file in files.items() if file.is_file()}
    if not found.keys() & set(names):
        expected = ", ".join(f"{name}.template.json" for name in names)
        raise AssemblyError(f"{folder}: neither a cloud assembly nor a folder with {expected}")
    return found


def every_template(folder: Path) -> dict[str, Template]:
    """The templates of every stage of a cloud assembly, by `<stage>-<stack>`: `dev-Serving`.

    Raises AssemblyError where it is no cloud assembly.
    """
    return {
        # `dev/Serving (berth-dev-serving)`: the construct's path, then the name of the stack.
        each["displayName"].split(" ")[0].replace("/", "-"): _json(
            inner / each["properties"]["templateFile"]
        )
        for inner in parts(folder)
        for each in _of_type(_artifacts(inner), "aws:cloudformation:stack").values()
    }


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AssemblyError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise AssemblyError(f"{file}: not JSON: {error}") from None
    return content
