"""Model archives: unpacked safely, made read-only."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from localaws.sagemaker import artifacts
from localaws.sagemaker.errors import HostingError


def archive(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0
) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, target, size
    return made


def test_files_and_folders_come_out_as_they_went_in(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a", entry("code", tarfile.DIRTYPE), entry("code/a.py", size=3))
    artifacts.unpack(packed, tmp_path / "model")
    assert (tmp_path / "model" / "code" / "a.py").read_bytes() == b"xxx"


@pytest.mark.parametrize(
    "member",
    [
        entry("link", tarfile.SYMTYPE, "weights"),
        entry("link", tarfile.LNKTYPE, "weights"),
        entry("device", tarfile.CHRTYPE),
        entry("pipe", tarfile.FIFOTYPE),
        entry("../outside"),
        entry("/tmp/outside-of-the-model/file", tarfile.DIRTYPE),
    ],
    ids=["symlink", "hard link", "device", "pipe", "parent", "absolute"],
)
def test_what_a_model_may_not_hold_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    folder = tmp_path / "in" / "model"
    packed = archive(tmp_path / "a", entry("weights"), member)
    if member.name.startswith("/"):
        # Taken as relative, as tar itself does: nothing appears where it points.
        artifacts.unpack(packed, folder)
        assert (folder / "tmp").is_dir()
    else:
        with pytest.raises(HostingError):
            artifacts.unpack(packed, folder)
    assert not (tmp_path / "in" / "outside").exists()
    assert not Path("/tmp/outside-of-the-model").exists()


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = archive(tmp_path / "a", entry("one", size=600), entry("two", size=600))
    monkeypatch.setattr(artifacts, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(HostingError, match="more than"):
        artifacts.unpack(packed, tmp_path / "model")


@pytest.mark.parametrize("content", [b"", b"not gzip", b"\x1f\x8b\x08\x00truncated"])
def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(HostingError, match="must be a tar file compressed with gzip"):
        artifacts.unpack(tmp_path / "a", tmp_path / "model")


def test_a_read_only_folder_can_be_removed_again(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").touch()
    artifacts.make_read_only(folder)
    modes = [path.stat().st_mode for path in (folder, folder / "deep", folder / "deep" / "file")]
    assert not any(mode & 0o222 for mode in modes)
    if os.getuid():
        with pytest.raises(PermissionError):
            (folder / "new").touch()
    artifacts.remove(folder)
    assert not folder.exists()
    artifacts.remove(folder)
