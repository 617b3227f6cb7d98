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

_STACK = "aws:cloudformation:stack"


@dataclass(frozen=True)
class FileAsset:
    """A file that a deployment expects in the CDK's asset bucket; `id` is the CDK's hash of it."""

    id: str
    bucket: str
    key: str


@dataclass(frozen=True)
class ImageAsset:
    """An image that a deployment expects in the CDK's asset repository, and its build arguments."""

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
        roles: of `cdk bootstrap`, that the CDK CLI assumes to deploy the stage.
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
    wanted = f"aws://{account}/{region}"
    for each in _artifacts(nested, _STACK).values():
        if each["environment"] != wanted:
            raise AssemblyError(
                f"{folder}: {each['properties']['stackName']} is for {each['environment']};"
                f" {STAGES} has {wanted}: synthesize anew"
            )
    manifests = _artifacts(nested, "cdk:asset-manifest").values()
    assets = [_json(nested / each["properties"]["file"]) for each in manifests]
    files = [
        (_is_inside(asset), FileAsset(name, place["bucketName"], place["objectKey"]))
        for listed in assets
        for name, asset in listed["files"].items()
        for place in asset["destinations"].values()
    ]
    return StageAssembly(
        templates=_templates(nested),
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
        roles=_roles(_artifacts(nested), assets),
    )


def _artifacts(folder: Path, type: str | None = None) -> Artifacts:
    """What the manifest of an assembly, or of a stage within one, lists, all or of one type."""
    artifacts: Artifacts = _json(folder / MANIFEST)["artifacts"]
    return {name: each for name, each in artifacts.items() if type in (None, each["type"])}


def folders(folder: Path) -> dict[str, Path]:
    """The folders of the stages, by their names."""
    return {
        name.removeprefix("assembly-"): folder / str(each["properties"]["directoryName"])
        for name, each in _artifacts(folder, "cdk:cloud-assembly").items()
    }


def _templates(nested: Path) -> dict[str, Template]:
    stacks = _artifacts(nested, _STACK)
    order = TopologicalSorter({name: each.get("dependencies", []) for name, each in stacks.items()})
    ordered = [stacks[name]["properties"] for name in order.static_order() if name in stacks]
    return {each["stackName"]: _json(nested / each["templateFile"]) for each in ordered}


def _is_inside(asset: dict[str, Any]) -> bool:
    """Whether an asset is a template: the other assets are not in the stage's folder."""
    return "/" not in asset["source"].get("path", "/")


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
    found = folders(folder)
    if stage not in found:
        raise AssemblyError(f"{folder}: no stage {stage} in this cloud assembly")
    return found[stage]


def stages(folder: Path) -> list[str]:
    """The stages that a cloud assembly has."""
    return list(folders(folder))


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
        found = _templates(stage_folder(folder, stage))
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
            nested / each["properties"]["templateFile"]
        )
        for nested in folders(folder).values()
        for each in _artifacts(nested, _STACK).values()
    }


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AssemblyError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise AssemblyError(f"{file}: not JSON: {error}") from None
    return content
