"""compose.yaml, brought up as its users do, and an unchanged boto3 in front of it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compose.test_runtime import ENDPOINT, client_of
from tests.container.process import free_port, poll
from tests.image.container import READY_SECONDS
from tests.image.test_run import TEXT
from tools.image.engine import Engine

PROJECT = "berth-test-compose"
ASK_OUTSIDE = "import socket; socket.create_connection(('192.0.2.1', 53), 3)"


@pytest.fixture
def client(engine: Engine, image: str, root: Path, built_model: Path) -> Iterator[Any]:
    """The runtime API in front of the composed container, once that serves."""
    if engine.is_podman and not shutil.which("iptables"):
        pytest.skip(
            "podman makes no network without iptables (Debian: apt-get install iptables); "
            "the runtime API itself is tested without an engine in tests/compose"
        )
    program = ["podman-compose"] if engine.is_podman else [engine.program, "compose"]
    composed = [*program, "--project-name", PROJECT]
    port = free_port()
    given = {"IMAGE": image, "MODEL": str(built_model), "PORT": str(port), "ENDPOINT": ENDPOINT}

    def compose(*arguments: str) -> None:
        done = subprocess.run(
            [*composed, *arguments],
            cwd=root,
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        compose("up", "--detach")
        name = serving(engine)
        poll(lambda: "200" in inside(engine, name, PING), READY_SECONDS)
        yield client_of(port)
    finally:
        compose("down")
    assert engine.ask("ps", "--all", f"--filter=name={PROJECT}", "--format={{.Names}}") == ""


PING = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/ping').status)"


def serving(engine: Engine) -> str:
    names = engine.ask("ps", f"--filter=name={PROJECT}", "--format={{.Names}}").split()
    (name,) = [name for name in names if "serving" in name]
    return name


def inside(engine: Engine, name: str, program: str) -> str:
    done = engine.run("exec", name, "python", "-c", program)
    return done.stdout + done.stderr


def test_an_unchanged_sdk_reaches_the_model_and_the_model_reaches_nobody(
    client: Any, engine: Engine
) -> None:
    answer = client.invoke_endpoint(
        EndpointName=ENDPOINT,
        ContentType="application/json",
        Body=json.dumps({"text": [TEXT]}),
    )
    (entities,) = json.loads(answer["Body"].read())["predictions"]
    assert "Lisbon" in {entity["text"] for entity in entities}
    with pytest.raises(client.exceptions.ModelError) as error:
        client.invoke_endpoint(EndpointName=ENDPOINT, ContentType="text/html", Body=b"x")
    assert error.value.response["OriginalStatusCode"] == 415
    assert "Network is unreachable" in inside(engine, serving(engine), ASK_OUTSIDE)
