"""Packing: the same folder, the same bytes; nothing in it that should not be."""

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import igzip_threaded

from model import packing
from model.folder import JUNK, Member, ModelFolderError
from model.packing import pack, pack_if_changed
from tests import berth_cli

MLMODEL = "flavors:\n  python_function:\n    loader_module: x\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    (model / "artifacts").mkdir(parents=True)
    (model / "MLmodel").write_text(MLMODEL)
    (model / "artifacts" / "weights").write_bytes(os.urandom(100_000) + bytes(3_000_000))
    return model


def unpacked(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


NAMES = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="/\\"), min_size=1, max_size=60
).filter(lambda name: name not in {".", ".."} | JUNK and len(name.encode()) < 200)


@given(files=st.dictionaries(st.tuples(NAMES, NAMES), st.binary(max_size=3000), max_size=6))
@settings(max_examples=settings().max_examples // 2)
def test_any_tree_comes_back_as_it_was_and_packs_to_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, str], bytes]
) -> None:
    base = tmp_path_factory.mktemp("tree")
    for name in ("first", "second"):
        model = base / name
        model.mkdir()
        (model / "MLmodel").write_text(MLMODEL)
        # Another order of making, other times: nothing that packing may see.
        for parts, content in sorted(files.items(), reverse=name == "second"):
            (model / f"d-{parts[0]}").mkdir(exist_ok=True)
            (model / f"d-{parts[0]}" / parts[1]).write_bytes(content)
    first, second = (pack(base / name, base / f"{name}.tar.gz") for name in ("first", "second"))
    assert first.path.read_bytes() == second.path.read_bytes()
    expected = {f"d-{parts[0]}/{parts[1]}": content for parts, content in files.items()}
    found = unpacked(first.path)
    listing = found.pop("SHA256SUMS")
    assert found == {**expected, "MLmodel": MLMODEL.encode()}
    assert listing.decode().splitlines() == [
        f"{hashlib.sha256(found[name]).hexdigest()}  {name}"
        for name in sorted(found, key=str.encode)
    ]


def test_what_is_told_of_an_archive_is_true(folder: Path, tmp_path: Path) -> None:
    packed = pack(folder, tmp_path / "model.tar.gz")
    content = packed.path.read_bytes()
    assert packed.sha256 == hashlib.sha256(content).hexdigest()
    assert packed.size == len(content)
    listing = unpacked(packed.path)["SHA256SUMS"]
    assert packed.manifest_sha256 == hashlib.sha256(listing).hexdigest()


def test_sha256sum_finds_every_file_right(folder: Path, tmp_path: Path) -> None:
    packed = pack(folder, tmp_path / "model.tar.gz")
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xzf", packed.path, "-C", tmp_path / "out"], check=True)
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert len(checked.stdout.splitlines()) == 2


@pytest.mark.parametrize("threads", [1, 3])
def test_the_bytes_do_not_depend_on_the_threads(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    usual = pack(folder, tmp_path / "usual.tar.gz")
    monkeypatch.setattr(packing, "_THREADS", threads)
    assert pack(folder, tmp_path / "other.tar.gz").sha256 == usual.sha256


def test_the_bytes_are_those_of_the_last_release(tmp_path: Path) -> None:
    """Archives are named by their content: other bytes for the same folder are a new model.

    Where this fails after an upgrade (isal, Python's tarfile), say so in the release.
    """
    model = tmp_path / "model"
    model.mkdir()
    (model / "MLmodel").write_text(MLMODEL)
    (model / "weights").write_bytes(bytes(range(256)) * 9000)
    packed = pack(model, tmp_path / "model.tar.gz")
    assert packed.sha256 == "53bf099fc93db86c61e074bb381b7f830118936aeb6c532b2212ea8447f1c527"


def test_times_owners_and_modes_say_nothing_of_the_machine(folder: Path, tmp_path: Path) -> None:
    (folder / "MLmodel").chmod(0o600)
    (folder / "run.sh").write_text("")
    (folder / "run.sh").chmod(0o700)
    with tarfile.open(pack(folder, tmp_path / "model.tar.gz").path) as tar:
        members = {member.name: member for member in tar}
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members.values()} == {
        (0, 0, 0, "", "")
    }
    assert members["MLmodel"].mode == 0o644
    assert members["run.sh"].mode == 0o755


def test_junk_and_an_earlier_list_are_left_out(folder: Path, tmp_path: Path) -> None:
    clean = pack(folder, tmp_path / "clean.tar.gz")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"x")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "SHA256SUMS").write_text("an old list\n")
    assert pack(folder, tmp_path / "model.tar.gz").sha256 == clean.sha256


def test_a_symbolic_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "artifacts" / "link").symlink_to("weights")
    with pytest.raises(ModelFolderError, match=r"artifacts/link: is a symbolic link; put the file"):
        pack(folder, tmp_path / "model.tar.gz")


def test_a_device_or_a_pipe_is_refused(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(ModelFolderError, match="pipe: is no plain file"):
        pack(folder, tmp_path / "model.tar.gz")


@pytest.mark.parametrize(
    "name", ["new\nline", "back\\slash", b"\xff".decode(errors="surrogateescape")]
)
def test_a_name_that_not_every_system_reads_is_refused(
    folder: Path, tmp_path: Path, name: str
) -> None:
    (folder / name).write_text("")
    with pytest.raises(ModelFolderError, match="is no portable file name"):
        pack(folder, tmp_path / "model.tar.gz")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no model folder: it has no MLmodel"),
        ("flavors: [", "cannot be read"),
        ("[]", "no flavors.python_function"),
        ("flavors:\n  sklearn: {}\n", "no flavors.python_function"),
        ("flavors: 3\n", "no flavors.python_function"),
    ],
)
def test_a_folder_that_is_no_model_is_refused_in_one_line(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "MLmodel").write_text(content)
    with pytest.raises(ModelFolderError, match=reason) as caught:
        pack(tmp_path, tmp_path / "model.tar.gz")
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="no such folder; `berth model` builds the example"):
        pack(tmp_path / "none", tmp_path / "model.tar.gz")


def test_a_file_that_changes_meanwhile_is_refused_and_the_old_archive_stays(
    folder: Path, tmp_path: Path
) -> None:
    archive = pack(folder, tmp_path / "out" / "model.tar.gz").path
    before = archive.read_bytes()

    def disturb(_: int) -> None:
        with (folder / "artifacts" / "weights").open("ab") as file:
            file.write(b"x")

    with pytest.raises(ModelFolderError, match="weights: changed while it was packed"):
        pack(folder, archive, on_bytes=disturb)
    assert archive.read_bytes() == before
    assert list(archive.parent.iterdir()) == [archive]


def test_progress_tells_every_byte(folder: Path, tmp_path: Path) -> None:
    told: list[int] = []
    pack(folder, tmp_path / "model.tar.gz", on_bytes=told.append)
    assert sum(told) == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_an_unchanged_folder_is_not_packed_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pack_if_changed(folder, tmp_path / "out" / "model.tar.gz")
    monkeypatch.setattr(packing, "igzip_threaded", None)  # packing again would fail
    assert pack_if_changed(folder, first.path) == first


@pytest.mark.parametrize("change", ["content", "content, with its time put back", "new", "gone"])
def test_a_changed_folder_is_packed_again(folder: Path, tmp_path: Path, change: str) -> None:
    (folder / "extra").write_text("a")
    first = pack_if_changed(folder, tmp_path / "out" / "model.tar.gz")
    if change == "new":
        (folder / "another").write_text("")
    elif change == "gone":
        (folder / "extra").unlink()
    else:
        before = (folder / "extra").stat()
        (folder / "extra").write_text("b")
        if "put back" in change:
            os.utime(folder / "extra", ns=(before.st_atime_ns, before.st_mtime_ns))
    second = pack_if_changed(folder, first.path)
    assert second.sha256 != first.sha256
    assert hashlib.sha256(second.path.read_bytes()).hexdigest() == second.sha256


def test_a_change_in_the_same_tick_of_the_clock_is_seen(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files may be stamped by a clock of some milliseconds: a fast editor is not to be missed."""

    def coarse(member: Member) -> tuple[str, int, int]:
        return (member.name, member.status.st_size, member.status.st_ctime_ns // 15_000_000)

    monkeypatch.setattr(Member, "state", property(coarse))
    archive = tmp_path / "out" / "model.tar.gz"
    (folder / "extra").write_text("a")
    of_a = pack(folder, archive)

    def write_at_once_then_edit(*_: Any) -> packing.Packed:
        (folder / "extra").write_text("b")
        return of_a

    for _ in range(5):
        (folder / "extra").write_text("a")
        with monkeypatch.context() as patched:
            patched.setattr(packing, "_write", write_at_once_then_edit)
            pack_if_changed(folder, archive)
        assert pack_if_changed(folder, archive).sha256 != of_a.sha256


@pytest.mark.parametrize("damage", ["archive changed", "archive gone", "note damaged"])
def test_an_archive_that_is_not_the_noted_one_is_made_anew(
    folder: Path, tmp_path: Path, damage: str
) -> None:
    first = pack_if_changed(folder, tmp_path / "out" / "model.tar.gz")
    if damage == "archive changed":
        first.path.write_bytes(b"damaged")
    elif damage == "archive gone":
        first.path.unlink()
    else:
        first.path.with_name("model.tar.gz.json").write_text('{"folder": 3')
    assert pack_if_changed(folder, first.path) == first
    assert hashlib.sha256(first.path.read_bytes()).hexdigest() == first.sha256


def test_long_names_and_deep_folders_are_packed(folder: Path, tmp_path: Path) -> None:
    deep = folder.joinpath(*["d" * 100] * 5)
    deep.mkdir(parents=True)
    (deep / ("n" * 200)).write_text("deep")
    assert b"deep" in unpacked(pack(folder, tmp_path / "model.tar.gz").path).values()


def test_importing_packing_is_light() -> None:
    """Every synth imports it."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, model.packing; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout.split()
    assert not {"torch", "mlflow", "transformers", "numpy", "rich"} & set(loaded)


@pytest.mark.slow
def test_the_command_says_what_it_packed_or_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return berth_cli.run("pack", *arguments, folder=tmp_path)

    done = run(str(folder), str(tmp_path / "model.tar.gz"))
    assert done.returncode == 0
    assert hashlib.sha256((tmp_path / "model.tar.gz").read_bytes()).hexdigest() in done.stdout
    refused = run(str(tmp_path), str(tmp_path / "other.tar.gz"))
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1


def test_isal_reads_what_it_wrote(folder: Path, tmp_path: Path) -> None:
    packed = pack(folder, tmp_path / "model.tar.gz")
    with (
        igzip_threaded.open(packed.path, "rb") as file,
        tarfile.open(fileobj=file, mode="r|") as tar,
    ):
        assert "MLmodel" in tar.getnames()
