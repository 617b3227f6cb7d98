"""What is in the image, and what a change moves."""

import json
import shutil
from pathlib import Path

import pytest

from stacks.build_arguments import build_arguments
from stacks.compatibility import read_model_record
from tools.image import base
from tools.image.build import CONTAINER, DOCKER_MANIFEST, build, replaced
from tools.image.engine import Engine

LOOK = """
import importlib.util, json, pathlib, sysconfig
site = pathlib.Path(sysconfig.get_path("purelib"))
flags = {}
for source in [*site.rglob("*.py"), *pathlib.Path("/opt/berth/berth_serving").rglob("*.py")]:
    compiled = pathlib.Path(importlib.util.cache_from_source(str(source)))
    flags[str(source)] = compiled.read_bytes()[4] if compiled.exists() else None
print(json.dumps(flags))
"""
UNCHECKED_HASH = 1


def layers(engine: Engine, image: str) -> list[str]:
    """The digests of an image's layers, the base's first."""
    found: list[str] = engine.inspect(image)["RootFS"]["Layers"]
    return found


def test_a_changed_line_of_code_moves_only_the_layers_of_the_code(
    engine: Engine, image: str, built_model: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "container"
    shutil.copytree(CONTAINER, changed)
    with (changed / "berth_serving" / "__init__.py").open("a") as module:
        module.write("# changed\n")
    record = read_model_record(built_model)
    arguments = build_arguments(record, "none") | replaced("none")
    arguments["BASE_IMAGE"] = base.any_of(engine, record.python_version)
    build(engine, arguments, tag=f"{image}-changed", context=changed)
    before, after = layers(engine, image), layers(engine, f"{image}-changed")
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert moved == after[-2:]  # the code, and its bytecode


def test_two_builds_are_the_same_bytes(engine: Engine, image: str, built_model: Path) -> None:
    """Without a cache, and small: what setuptools installs runs whenever Python starts."""
    if not engine.is_podman:
        pytest.skip(
            "docker writes the time of the build into its layers, whatever is built: only "
            "podman's --timestamp can be held to the same bytes"
        )
    version = read_model_record(built_model).python_version
    arguments = {
        "MODEL_REQUIREMENTS": "setuptools==84.2.1\n",
        "BASE_IMAGE": base.any_of(engine, version),
    }
    found = []
    for number in (1, 2):
        tag = f"{image}-small-{number}"
        build(engine, arguments, tag=tag, options=("--no-cache",))
        found.append(layers(engine, tag))
        engine.run("rmi", tag)
    assert found[0] == found[1]


def test_it_says_what_sagemaker_asks_for(engine: Engine, image: str) -> None:
    config = engine.inspect(image)["Config"]
    assert config["Entrypoint"] == ["/opt/berth/entrypoint.sh"]
    assert config["Cmd"] == ["serve"]
    assert config["Labels"]["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"
    assert config["Labels"]["com.amazonaws.sagemaker.capabilities.multi-models"] == "true"


def test_it_is_a_docker_image_as_create_model_wants_it(engine: Engine, image: str) -> None:
    kind = engine.inspect(image).get("ManifestType")
    if kind is None:
        pytest.skip(
            "docker gives an image its manifest when it pushes: there is none to look at here; "
            "the asset is pushed with outputs=type=docker, which tests/stacks holds"
        )
    assert kind == DOCKER_MANIFEST


def test_every_package_is_compiled_and_needs_no_look_at_its_source(
    engine: Engine, image: str
) -> None:
    flags = json.loads(engine.ask("run", "--rm", "--entrypoint=python", image, "-c", LOOK))
    assert len(flags) > 1000
    of_the_base = {path for path in flags if "/pip/" in path}
    checked = {path for path, flag in flags.items() if flag not in (UNCHECKED_HASH, None)}
    assert checked - of_the_base == set()
    # Templates, and tests of syntax errors.
    no_python = {path for path, flag in flags.items() if flag is None}
    assert len(no_python) < 20, no_python


def test_nothing_of_a_closed_network_stays(engine: Engine, image: str) -> None:
    look = "ls -A /wheels /run/secrets /root/.cache /root/.config /etc/pip.conf /tmp 2>/dev/null; :"
    left = engine.ask("run", "--rm", "--network=none", "--entrypoint=sh", image, "-c", look)
    assert [line for line in left.splitlines() if line and not line.endswith(":")] == []
    history = engine.ask("history", "--no-trunc", image)
    assert "find-links" not in history
    assert "extra-index" not in history
