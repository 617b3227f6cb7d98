"""A stage's part of a cloud assembly: its templates, and the zip that can be deployed again."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promotion import PromotionError

Template = dict[str, Any]


@dataclass(frozen=True)
class StageAssembly:
    """A stage's stacks as they were synthesized.

    templates: by the name of the stack.
    archive: a zip for `cdk deploy --app FOLDER`, the same bytes for the same assembly.
    """

    templates: dict[str, Template]
    archive: bytes


def read(folder: Path, stage: str, account: str, region: str) -> StageAssembly:
    """Read a stage's part of a cloud assembly (`cdk.out`).

    Raises PromotionError where it is no cloud assembly, or has not this stage in this account.
    """
    manifest = _json(folder / "manifest.json")
    name = f"assembly-{stage}"
    if name not in manifest["artifacts"]:
        raise PromotionError(f"{folder}: no stage {stage} in this cloud assembly")
    artifact = manifest["artifacts"][name]
    nested = folder / artifact["properties"]["directoryName"]
    stacks = [
        each
        for each in _json(nested / "manifest.json")["artifacts"].values()
        if each["type"] == "aws:cloudformation:stack"
    ]
    for stack in stacks:
        if stack["environment"] != f"aws://{account}/{region}":
            raise PromotionError(
                f"{folder}: {stack['properties']['stackName']} is for {stack['environment']};"
                f" stages.toml has aws://{account}/{region}: synthesize anew"
            )
    templates = {
        each["properties"]["stackName"]: _json(nested / each["properties"]["templateFile"])
        for each in stacks
    }
    alone = json.dumps({**manifest, "artifacts": {name: artifact}}, indent=1, sort_keys=True)
    return StageAssembly(templates, _zipped(nested, alone))


def _zipped(nested: Path, manifest: str) -> bytes:
    """The stage's folder beside a manifest of its own.

    Assets lie beside that folder and stay out: the asset bucket and repository have them, and
    where these do the CDK CLI does not ask for the files.
    """
    files = {
        f"{nested.name}/{file.relative_to(nested).as_posix()}": file.read_bytes()
        for file in nested.rglob("*")
        if file.is_file()
    }
    files["manifest.json"] = manifest.encode()
    memory = io.BytesIO()
    # Stored, not deflated: another zlib would give other bytes, and these are a few hundred KB.
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            # Without a date of its own an entry has zip's first one, 1980.
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return memory.getvalue()


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PromotionError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise PromotionError(f"{file}: not JSON: {error}") from None
    return content
