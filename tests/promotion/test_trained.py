"""The archive of a trained model: what is in it is what it says."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from promotion import PromotionError
from promotion.trained import unpack

WEIGHTS = b"weights"
LISTED = f"{hashlib.sha256(WEIGHTS).hexdigest()}  data/weights\n".encode()


def archive(folder: Path, files: dict[str, bytes], link: str | None = None) -> Path:
    place = folder / "model.tar.gz"
    with tarfile.open(place, "w:gz") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
        if link:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            packed.addfile(member)
    return place


def test_its_manifest_is_named_by_its_hash(tmp_path: Path) -> None:
    packed = archive(tmp_path, {"data/weights": WEIGHTS, "SHA256SUMS": LISTED})
    assert unpack(packed, tmp_path / "out", "m") == hashlib.sha256(LISTED).hexdigest()
    assert (tmp_path / "out" / "data" / "weights").read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("files", "link", "reason"),
    [
        ({"data/weights": WEIGHTS}, None, "m: no SHA256SUMS in its archive"),
        ({"data/weights": b"other", "SHA256SUMS": LISTED}, None, "m: data/weights is not what"),
        ({"SHA256SUMS": LISTED}, None, "m: data/weights is not what its SHA256SUMS says"),
        ({"../weights": WEIGHTS}, None, r"\.\./weights is a link or a device, or leaves"),
        ({"SHA256SUMS": b""}, "passwd", "passwd is a link or a device, or leaves its folder"),
    ],
)
def test_what_is_not_as_it_says_is_refused(
    tmp_path: Path, files: dict[str, bytes], link: str | None, reason: str
) -> None:
    with pytest.raises(PromotionError, match=reason):
        unpack(archive(tmp_path, files, link), tmp_path / "out", "m")
    assert not (tmp_path / "weights").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(PromotionError, match="m: its archive cannot be unpacked"):
        unpack(tmp_path / "model.tar.gz", tmp_path / "out", "m")
