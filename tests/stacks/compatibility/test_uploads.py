"""What goes through S3."""

from dataclasses import replace
from pathlib import Path

from stacks.compatibility import uploads
from tests.stacks.compatibility.asking import MODEL, found, stage_that_asks

GIB, TIB = 2**30, 2**40
MULTI = 'mode = "multi-model"\nmulti_model.archives = "archives"\n'


def test_an_archive_is_one_object_of_s3() -> None:
    largest = replace(MODEL, size=uploads.LARGEST_OBJECT)
    larger = replace(MODEL, size=49 * TIB)
    assert found(uploads.objects_fit_into_s3, stage_that_asks("", models={"model": largest})) == []
    (finding,) = found(uploads.objects_fit_into_s3, stage_that_asks("", models={"model": larger}))
    assert str(finding) == (
        'stages.toml: dev.shipping.form = "archive": the archive of model takes 49.0 TiB and an '
        'object of S3 48.8 at most; use form = "files"'
    )


def test_files_are_objects_each_by_itself() -> None:
    files = 'shipping.form = "files"'
    many = replace(MODEL, size=60 * TIB, largest_file=1)
    one = replace(MODEL, size=60 * TIB, largest_file=60 * TIB)
    assert found(uploads.objects_fit_into_s3, stage_that_asks(files, models={"model": many})) == []
    (finding,) = found(uploads.objects_fit_into_s3, stage_that_asks(files, models={"model": one}))
    assert "the largest file of model takes 60.0 TiB" in str(finding)


def test_an_archive_fits_on_the_volume(tmp_path: Path) -> None:
    (tmp_path / "archives").mkdir()
    with (tmp_path / "archives" / "large.tar.gz").open("wb") as archive:
        archive.truncate(3 * 10**9)  # a hole: no byte of it is on the disk
    check = uploads.archives_fit_the_volume
    (finding,) = found(
        check, stage_that_asks(MULTI + "endpoint.volume_size_gb = 2", folder=tmp_path)
    )
    assert str(finding) == (
        "stages.toml: dev.endpoint.volume_size_gb = 2: 'large.tar.gz' takes 3.0 GB; ask for 8"
    )
    for room in ("", "endpoint.volume_size_gb = 3"):
        assert found(check, stage_that_asks(MULTI + room, folder=tmp_path)) == []


def test_a_folder_of_archives_fits_the_copying_function(tmp_path: Path) -> None:
    (tmp_path / "archives").mkdir()
    stage = stage_that_asks(MULTI, folder=tmp_path)
    with (tmp_path / "archives" / "large.tar.gz").open("wb") as archive:
        archive.truncate(5 * GIB)  # a hole: no byte of it is on the disk
        assert found(uploads.archives_fit_the_copying_function, stage) == []
        archive.truncate(6 * GIB)
    (finding,) = found(uploads.archives_fit_the_copying_function, stage)
    assert "push archives one by one" in str(finding)
