"""What is taken out of a cloud assembly."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from promotion import PromotionError
from promotion.assembly import read

ACCOUNT, REGION = "1" * 12, "eu-central-1"


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """dev and qa as the CDK writes them, an asset beside them."""
    folder = tmp_path / "cdk.out"
    artifacts = {
        f"assembly-{stage}": {
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": f"assembly-{stage}"},
        }
        for stage in ("dev", "qa")
    }
    write(folder / "manifest.json", {"version": "55.0.0", "artifacts": artifacts})
    for stage in ("dev", "qa"):
        stack = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": {"stackName": f"berth-{stage}-serving", "templateFile": "t.json"},
        }
        nested = folder / f"assembly-{stage}"
        write(nested / "manifest.json", {"artifacts": {"stack": stack}})
        write(nested / "t.json", {"Description": stage})
    write(folder / "asset.0123.json", "the asset's bytes")
    return folder


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def test_templates_are_found_by_the_names_of_their_stacks(assembly: Path) -> None:
    found = read(assembly, "dev", ACCOUNT, REGION)
    assert found.templates == {"berth-dev-serving": {"Description": "dev"}}


def test_the_zip_has_the_stage_alone_and_no_assets(assembly: Path) -> None:
    zipped = zipfile.ZipFile(io.BytesIO(read(assembly, "dev", ACCOUNT, REGION).archive))
    assert sorted(zipped.namelist()) == [
        "assembly-dev/manifest.json",
        "assembly-dev/t.json",
        "manifest.json",
    ]
    manifest = json.loads(zipped.read("manifest.json"))
    assert (manifest["version"], list(manifest["artifacts"])) == ("55.0.0", ["assembly-dev"])


def test_the_zip_has_the_same_bytes_whenever_its_files_were_written(assembly: Path) -> None:
    before = read(assembly, "dev", ACCOUNT, REGION).archive
    for file in (assembly / "assembly-dev").iterdir():
        file.write_bytes(file.read_bytes())
        file.touch()
    assert read(assembly, "dev", ACCOUNT, REGION).archive == before


def test_a_stage_that_it_has_not_is_refused(assembly: Path) -> None:
    with pytest.raises(PromotionError, match="no stage prod in this cloud assembly"):
        read(assembly, "prod", ACCOUNT, REGION)


def test_an_assembly_for_another_account_is_refused(assembly: Path) -> None:
    with pytest.raises(PromotionError, match=r"berth-dev-serving is for aws://1{12}/eu-central-1"):
        read(assembly, "dev", "2" * 12, REGION)


def test_a_folder_that_is_no_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromotionError, match=r"manifest\.json: cannot be read: No such file"):
        read(tmp_path, "dev", ACCOUNT, REGION)
    (tmp_path / "manifest.json").write_text("<html>")
    with pytest.raises(PromotionError, match=r"manifest\.json: not JSON"):
        read(tmp_path, "dev", ACCOUNT, REGION)
