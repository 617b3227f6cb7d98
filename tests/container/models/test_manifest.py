import hashlib
import subprocess
from pathlib import Path

import pytest

from berth_serving.errors import LoadError
from berth_serving.models import manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a b\\c.py").write_text("print()\n")
    return tmp_path


def seal(folder: Path) -> str:
    """List the folder as coreutils' own program does, and return the list's digest."""
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    listing = subprocess.run(["sha256sum", *names], cwd=folder, capture_output=True, check=True)
    (folder / manifest.MANIFEST).write_bytes(listing.stdout)
    return hashlib.sha256(listing.stdout).hexdigest()


def test_what_was_packed_is_taken(folder: Path) -> None:
    manifest.verify(folder, seal(folder))


def test_another_list_is_refused(folder: Path) -> None:
    seal(folder)
    with pytest.raises(LoadError, match=r"SHA256SUMS: its SHA-256 is .*pack the model again"):
        manifest.verify(folder, "0" * 64)


def test_a_folder_without_the_list_is_refused(folder: Path) -> None:
    with pytest.raises(LoadError, match="SHA256SUMS: No such file"):
        manifest.verify(folder, "0" * 64)


def test_a_changed_file_is_named(folder: Path) -> None:
    digest = seal(folder)
    (folder / "MLmodel").write_text("flavors: []\n")
    with pytest.raises(LoadError, match="/MLmodel: differs from SHA256SUMS"):
        manifest.verify(folder, digest)


def test_a_missing_file_is_named(folder: Path) -> None:
    digest = seal(folder)
    (folder / "MLmodel").unlink()
    with pytest.raises(LoadError, match="/MLmodel: listed in SHA256SUMS, but not there"):
        manifest.verify(folder, digest)


def test_a_file_too_many_is_named(folder: Path) -> None:
    digest = seal(folder)
    (folder / "code" / "sitecustomize.py").touch()
    with pytest.raises(LoadError, match=r"/code/sitecustomize\.py: not listed in SHA256SUMS"):
        manifest.verify(folder, digest)


def test_a_link_is_refused_also_where_it_leads_to_the_right_bytes(folder: Path) -> None:
    digest = seal(folder)
    (folder / "MLmodel").rename(folder.parent / "elsewhere")
    (folder / "MLmodel").symlink_to(folder.parent / "elsewhere")
    with pytest.raises(LoadError, match="/MLmodel: neither a plain file nor a directory"):
        manifest.verify(folder, digest)


def test_a_linked_directory_is_refused(folder: Path) -> None:
    digest = seal(folder)
    (folder / "more").symlink_to("/usr")
    with pytest.raises(LoadError, match="/more: neither a plain file nor a directory"):
        manifest.verify(folder, digest)


def test_a_line_that_is_none_is_named_by_its_number(folder: Path) -> None:
    content = b"d41d8cd98f00b204e9800998ecf8427e  MLmodel\n"
    (folder / manifest.MANIFEST).write_bytes(content)
    with pytest.raises(LoadError, match="line 1 is not '<sha256>  <file>'"):
        manifest.verify(folder, hashlib.sha256(content).hexdigest())
