"""What a serving image is made of, as CycloneDX."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tools.image.engine import Engine, ImageError
from tools.image.sbom import _ASK, sbom

DIGEST = f"sha256:{'0f' * 32}"
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LISTED = {
    "pypi": [["torch", "2.13.0+cpu"], ["orjson", "3.13.0"]],
    "deb": [["libc6", "2.36-9+deb12u13"]],
}


def engine(folder: Path, answer: object, status: int = 0) -> Engine:
    """An engine that keeps what it is called with and answers so."""
    (folder / "answer").write_text(answer if isinstance(answer, str) else json.dumps(answer))
    program = folder / "engine"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/call\n'
        f"cat {folder}/answer\necho broken >&2\nexit {status}\n"
    )
    program.chmod(0o755)
    return Engine(str(program), is_podman=False)


def document(folder: Path, answer: object = LISTED) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(sbom(engine(folder, answer), "x@y", DIGEST, MADE))
    return made


def test_every_package_is_there_by_name_version_and_purl(tmp_path: Path) -> None:
    made = document(tmp_path)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["version"] == DIGEST
    assert sorted(one["purl"] for one in made["components"]) == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13",
        "pkg:pypi/orjson@3.13.0",
        "pkg:pypi/torch@2.13.0%2Bcpu",
    ]


def test_it_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    asked = engine(tmp_path, LISTED)
    assert sbom(asked, "x@y", DIGEST, MADE) == sbom(asked, "x@y", DIGEST, MADE)


def test_the_image_is_asked_without_a_network_or_a_right(tmp_path: Path) -> None:
    document(tmp_path)
    call = (tmp_path / "call").read_text().splitlines()
    options = call[1 : call.index("x@y")]
    assert {"--network=none", "--cap-drop=ALL", "--read-only", "--user=65534:65534"} < set(options)
    assert not [one for one in options if one.startswith(("-v", "--volume", "--mount", "--env"))]


def test_what_is_asked_lists_this_environment(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(_ASK, "asked", "exec"), {})  # noqa: S102 - what runs within the image
    listed = json.loads(capsys.readouterr().out)
    assert {"pypi", "deb"} == set(listed)
    assert "pytest" in {name for name, _ in listed["pypi"]}
    assert bool(listed["deb"]) == os.path.exists("/var/lib/dpkg/status")  # noqa: PTH110


@pytest.mark.parametrize(
    "answer",
    [
        "no JSON",
        {"pypi": ["torch"]},
        {"pypi": [["torch", "1\n2"]]},
        {"npm": [["left-pad", "1"]]},
        {"deb": [["\x1b[2J", "1"]]},
        [],
    ],
)
def test_what_is_no_list_of_packages_is_one_line(tmp_path: Path, answer: object) -> None:
    with pytest.raises(ImageError) as refused:
        document(tmp_path, answer)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_an_image_that_cannot_be_asked_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^x@y does not list its packages: broken$"):
        sbom(engine(tmp_path, "", status=1), "x@y", DIGEST, MADE)
