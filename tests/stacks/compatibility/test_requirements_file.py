"""Every line of a model's requirements.txt is one that an image can be built with, or is told."""

from pathlib import Path

import pytest

from stacks.compatibility import IncompatibleError
from stacks.compatibility.requirements_file import faults, read_requirements


@pytest.mark.parametrize(
    "line",
    [
        "torch==2.13.0+cpu",
        "mlflow[extras]>=2.9,<4",
        "  # a comment",
        "",
        "scipy  # why",
        'pywin32==1; sys_platform == "win32"',
        "--extra-index-url https://packages.example.com/simple",
        "-i https://packages.example.com/simple",
        "--find-links https://packages.example.com/wheels",
        "--pre",
        "--no-binary=:all:",
        "ours @ https://example.com/ours-1.0-py3-none-any.whl#sha256=0f",
        "ours @ git+https://github.com/ours/ours@v1#subdirectory=python",
        'ours==1 --config-settings="--a=b"',
        "ours==1 \\\n  ; python_version > '3'",
    ],
)
def test_what_an_image_can_be_built_with_is_taken(line: str) -> None:
    assert list(faults(f"a==1\n{line}\n")) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-e .", "-e: an editable install"),
        ("-e./ours", "-e: an editable install"),
        ("--editable=git+https://github.com/ours/ours", "-e: an editable install"),
        ("-r more.txt", "-r: names another file"),
        ("-rmore.txt", "-r: names another file"),
        ("--requirement=more.txt", "-r: names another file"),
        ("-c constraints.txt", "-c: names another file"),
        ("--constraint constraints.txt", "-c: names another file"),
        ("--require-hashes", "--hash: with one hash"),
        ("ours==1 --hash=sha256:0f", "--hash: with one hash"),
        ("ours==1 \\\n    --hash=sha256:0f", "--hash: with one hash"),
        ("--no-index", "--no-index: the image's build needs"),
        ("--find-links ./wheels", "--find-links: a folder"),
        ("-f wheels", "--find-links: a folder"),
        ("--user", "--user: pip takes no such option"),
        ("file:///tmp/ours.whl", "file: is a place that the image's build"),
        ("ours @ file:///tmp/ours.whl", "file: is a place that the image's build"),
        ("--find-links=file:///wheels", "--find-links: a folder"),
        ("dbfs:/FileStore/ours.whl", "dbfs: is a place that the image's build"),
        ("/dbfs/FileStore/ours.whl", "/dbfs/ is a place that the image's build"),
        ("ours @ s3://bucket/ours.whl", "s3: is a place that the image's build"),
        (".", ".: a file, which is not"),
        ("./ours", "./ours: a file, which is not"),
        ("../ours", "../ours: a file, which is not"),
        ("wheels/ours-1.0-py3-none-any.whl", "wheels/ours-1.0-py3-none-any.whl: a file, which"),
        ("ours-1.0-py3-none-any.whl", "ours-1.0-py3-none-any.whl: a file, which is not"),
        ("C:\\ours\\ours.whl", "C:\\ours\\ours.whl: a file, which is not"),
        ("ours.tar.gz", "ours.tar.gz: a file, which is not"),
        ("git+https://github.com/ours/ours", "an address without a name: write `name @ git+"),
        ("ours @ git+ssh://git@github.com/ours/ours", "ours: the image's build has git over https"),
        ("ours[all] @ git+https://github.com/ours/ours", "ours: give its extras' packages lines"),
        ("ours = 1", "ours = 1: no requirement"),
        ("pip install ours", "pip install ours: no requirement"),
        ("<<<<<<< HEAD", "<<<<<<< HEAD: no requirement"),
    ],
)
def test_what_none_can_be_built_with_is_told_by_its_line(line: str, says: str) -> None:
    ((number, told),) = faults(f"# first\na==1\n{line}\nb==1\n")
    assert number == 3
    assert told.startswith(says)


def test_each_fault_is_a_line_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("-e .\na==1\n\nb = 1\n")
    with pytest.raises(IncompatibleError) as caught:
        read_requirements(file)
    assert [line.partition(": ")[2][:7] for line in str(caught.value).splitlines()] == [
        "line 1:",
        "line 4:",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("numpy==2.4.6\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
        ("numpy==2.4.6\n".encode("utf-16-le"), "is UTF-16 or no text; save it as UTF-8"),
        ("a==1\n# für\n".encode("latin-1"), "line 2 is not UTF-8; save it as UTF-8"),
    ],
)
def test_another_encoding_is_told_with_its_cure(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_bytes(content)
    with pytest.raises(IncompatibleError) as caught:
        read_requirements(file)
    assert str(caught.value) == f"{file}: {says}"


def test_a_mark_of_utf_8_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_bytes("numpy==2.4.6\n".encode("utf-8-sig"))
    assert read_requirements(file) == "numpy==2.4.6\n"
