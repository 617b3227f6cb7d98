"""A cloud assembly in a zip, and taken out of one that comes from elsewhere."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.assembly import read
from aws.errors import AssemblyError
from aws.received import Files
from aws.recorded import unzip, unzipped, zipped
from tests.aws import assemblies
from tests.aws.assemblies import ACCOUNT, ARCHIVE, PROJECT, QUALIFIER, REGION, write


@pytest.fixture
def files() -> Files:
    return assemblies.assembly("dev", "qa")


@pytest.fixture
def folder(files: Files, tmp_path: Path) -> Path:
    """An assembly as the CDK leaves it, an asset beside the parts of the stages."""
    return write(
        tmp_path / "cdk.out", files | {f"asset.{ARCHIVE}.tar.gz": b"a model", "tree.json": b"{}"}
    )


def test_the_zip_has_all_stages_what_they_were_made_from_and_no_assets(folder: Path) -> None:
    names = unzipped(zipped(folder, PROJECT, QUALIFIER))
    assert {name.split("/")[0] for name in names} == {
        "assembly-dev",
        "assembly-qa",
        "manifest.json",
        "stages.toml",
    }


def test_an_unzipped_assembly_is_read_as_the_first_one(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, PROJECT, QUALIFIER)
    unzip(archive, tmp_path / "again", PROJECT, QUALIFIER)
    again = read(tmp_path / "again", "qa", ACCOUNT, REGION)
    assert again == read(folder, "qa", ACCOUNT, REGION)
    assert zipped(tmp_path / "again", PROJECT, QUALIFIER) == archive


def test_the_zip_has_the_same_bytes_whenever_its_files_were_written(folder: Path) -> None:
    before = zipped(folder, PROJECT, QUALIFIER)
    for file in (folder / "assembly-dev").iterdir():
        file.write_bytes(file.read_bytes())
        file.touch()
    assert zipped(folder, PROJECT, QUALIFIER) == before


def test_nothing_is_unpacked_of_a_zip_with_a_file_that_no_assembly_has(
    files: Files, tmp_path: Path
) -> None:
    for name in ("cdk.json", "../../cdk.json", "assembly-qa/x.js"):
        with pytest.raises(AssemblyError, match=r"no such file is part of a recorded assembly"):
            unzip(a_zip(files | {name: b"{}"}), tmp_path / "made", PROJECT, QUALIFIER)
    assert not (tmp_path / "made").exists()


def a_zip(files: Files, compression: int = zipfile.ZIP_STORED) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return memory.getvalue()


def test_a_zip_is_read_into_its_files(files: Files) -> None:
    assert unzipped(a_zip(files)) == files


def test_a_zip_that_unpacks_to_more_than_an_assembly_is_refused() -> None:
    bomb = a_zip({"manifest.json": bytes(65 << 20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(AssemblyError, match=r"1 files of 68,157,440 bytes"):
        unzipped(bomb)


def test_a_zip_of_very_many_files_is_refused() -> None:
    with pytest.raises(AssemblyError, match=r"1001 files"):
        unzipped(a_zip({str(number): b"" for number in range(1001)}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_with_two_files_of_a_name_is_refused() -> None:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr("manifest.json", "[]")
    with pytest.raises(AssemblyError, match=r"has one twice"):
        unzipped(memory.getvalue())


@given(st.data())
def test_bytes_that_changed_on_the_way_are_a_zip_or_refused(
    data: st.DataObject,
) -> None:
    content = bytearray(a_zip(assemblies.assembly("qa")))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(AssemblyError):
        unzipped(bytes(content[: data.draw(st.integers(0, len(content)))]))
