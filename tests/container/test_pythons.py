"""The server under the oldest Python of a model, which is older than the checkout's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stacks.compatibility.model_folder import OLDEST_PYTHON
from tests.container.process import Server

OLDEST = ".".join(map(str, OLDEST_PYTHON))
HANDLERS = """
import json, sys
def model_fn(model_dir): return list(sys.version_info[:2])
async def predict_fn(data, model): return [model, data]
"""
# What the server's own substitutes for that Python's missing parts do.
TIMEOUTS = """
import asyncio
from berth_serving.pythons import timeout

async def late():
    try:
        async with timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        async with timeout(60):
            return "late"

async def left():
    task = asyncio.ensure_future(forever())
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "left"

async def forever():
    async with timeout(60):
        await asyncio.Event().wait()

print(asyncio.run(late()), asyncio.run(left()))
"""

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def python(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That Python with the server's packages, and no others."""
    found = [shutil.which(f"python{OLDEST}"), *Path.home().glob(f".pyenv/versions/{OLDEST}.*")]
    runs = [str(one / "bin" / "python") if isinstance(one, Path) else one for one in found if one]
    runs = [one for one in runs if not subprocess.run([one, "-V"], check=False).returncode]
    folder = tmp_path_factory.mktemp("oldest")
    uv, make = str(root / "tools" / "uv"), ["venv", "--quiet", "--clear", "--no-python-downloads"]
    asked = runs[0] if runs else OLDEST
    if subprocess.run([uv, *make, "--python", asked, folder], check=False).returncode:
        pytest.skip(f"this machine has no Python {OLDEST}, on PATH or of uv's")
    install = [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    sets = [root / "container" / f"requirements{name}.in" for name in ("", "-front")]
    said = subprocess.run(
        [*install, *(part for one in sets for part in ("-r", str(one)))],
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        assert "No solution found" not in said.stderr
        pytest.skip(f"no index answers: {said.stderr[-200:]}")
    return folder / "bin" / "python"


def test_a_request_is_answered(python: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "code").mkdir(parents=True)
    (model / "code" / "inference.py").write_text(HANDLERS)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    with Server(model, tmp_path / "log", PATH=path) as server:
        server.wait_until_ready()
        assert server.invoke({"a": 1}).json == [list(OLDEST_PYTHON), {"a": 1}]
        server.terminate()
        assert server.wait() == 0


def test_timeouts_are_those_of_later_pythons(python: Path, root: Path) -> None:
    environment = {"PYTHONPATH": str(root / "container")}
    said = subprocess.check_output([python, "-c", TIMEOUTS], env=environment, text=True)
    assert said.split() == ["late", "left"]


def test_every_module_without_the_models_packages_is_compiled(python: Path, root: Path) -> None:
    files = sorted((root / "container" / "berth_serving").rglob("*.py"))
    code = "import sys; [compile(open(f).read(), f, 'exec') for f in sys.argv[1:]]"
    subprocess.run([python, "-c", code, *files], check=True)
