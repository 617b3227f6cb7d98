"""The archive of a trained model: what is in it is what it says, and fits where it goes to."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from aws.assembly import FileAsset, ImageAsset, StageAssembly
from promotion import PromotionError
from promotion.trained import check_fit, checked_images, unpack
from stacks.settings import Settings, load

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


def image(python: str = "3.11.7") -> ImageAsset:
    """Of a model that needs PyTorch alone."""
    arguments = {
        "PYTHON_VERSION": python,
        "TORCH_INDEX_URL": "https://download.pytorch.org/whl/cpu",
        "MODEL_REQUIREMENTS": "torch==2.13.0\n",
    }
    return ImageAsset("images", "f" * 64, tuple(arguments.items()))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Where prod is the smallest stage."""
    shared = 'account = "{}"\nregion = "eu-central-1"\n'
    file = tmp_path / "stages.toml"
    file.write_text(
        'project = "berth"\nmodel.path = "model"\ncontainer.cuda = "none"\n'
        + "".join(
            f"[{stage}]\n{shared.format(number * 12)}{more}\n"
            for stage, number, more in (
                ("dev", "1", 'endpoint.instance_type = "ml.c5.xlarge"'),
                ("qa", "2", 'endpoint.instance_type = "ml.c5.xlarge"'),
                (
                    "prod",
                    "3",
                    'mode = "serverless"\nserverless.memory_mb = 1024\nnetwork.isolation = false',
                ),
            )
        )
    )
    return load(file)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Of 1.1 GB, so that prod's memory is too small for it."""
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "python_env.yaml").write_text("python: 3.11.7\n")
    (folder / "requirements.txt").write_text("torch==2.13.0\n")
    (folder / "MLmodel").write_text("flavors: {python_function: {}}\n")
    with (folder / "model.safetensors").open("wb") as weights:
        weights.truncate(1_100 * 2**20)
    return folder


def test_it_fits_the_stage_that_has_room_and_the_image(settings: Settings, model: Path) -> None:
    check_fit(settings, {"qa": image()}, model, "ner-1")


def test_a_stage_after_the_target_that_has_no_room_refuses_it(
    settings: Settings, model: Path
) -> None:
    reason = r"stages\.toml: prod\.serverless\.memory_mb = 1024: the weights of ner-1 take 1100"
    with pytest.raises(PromotionError, match=reason):
        check_fit(settings, {"qa": image(), "prod": image()}, model, "ner-1")


def test_a_stage_of_another_image_refuses_it(settings: Settings, model: Path) -> None:
    reason = "qa: the model needs another image than qa runs: PYTHON_VERSION is 3.12.4 in it"
    with pytest.raises(PromotionError, match=reason):
        check_fit(settings, {"dev": image(), "qa": image("3.12.4")}, model, "ner-1")


def part(*archives: str) -> StageAssembly:
    files = (FileAsset(name, "assets", f"{name}.gz") for name in archives)
    return StageAssembly({}, "assets", tuple(files), (image(),), ())


def test_the_target_is_checked_and_every_stage_after_it_that_runs_the_same_alone(
    settings: Settings,
) -> None:
    parts = {"dev": part("a"), "qa": part("a"), "prod": part("a")}
    assert checked_images(settings, "qa", parts) == {"qa": image(), "prod": image()}
    assert checked_images(settings, "prod", parts) == {"prod": image()}
    assert checked_images(settings, "qa", {**parts, "prod": part("a", "b")}) == {"qa": image()}
