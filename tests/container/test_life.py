"""How the program starts, refuses to start, and ends."""

import hashlib
import json
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from berth_serving.models import manifest
from tests.container.folders import replace
from tests.container.process import Gate, Server, poll

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(spans_model: Path, tmp_path: Path) -> Path:
    """A copy of the model of texts, to be spoilt."""
    return Path(shutil.copytree(spans_model, tmp_path / "model"))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


def seal(folder: Path) -> str:
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    listing = subprocess.run(["sha256sum", *names], cwd=folder, capture_output=True, check=True)
    (folder / "SHA256SUMS").write_bytes(listing.stdout)
    return hashlib.sha256(listing.stdout).hexdigest()


@contextmanager
def few_files() -> Iterator[None]:
    """What is started within may have 128 files open, until it raises that itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def refused(folder: Path, log: Path, **environment: str) -> str:
    """Start with a model that cannot be served, and return the last line's message."""
    with Server(folder, log, **environment) as server:
        assert server.wait() == 1
        last = server.lines()[-1]
        assert last["level"] == "CRITICAL"
        assert set(last) == {"time", "level", "message"}
        assert len(last["message"].splitlines()) == 1
        return str(last["message"])


# Starting


def test_as_many_clients_may_connect_as_the_host_allows(spans_model: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with few_files():
            server = stack.enter_context(Server(spans_model, tmp_path / "log"))
        server.wait_until_ready()
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        assert server.ping() == 200


def test_while_it_loads_it_answers_503_and_then_200(
    spans_model: Path, tmp_path: Path, gate: Gate
) -> None:
    with Server(spans_model, tmp_path / "log", TEST_IMPORT_GATE=str(gate.path)) as server:
        gate.wait_until_reached()
        assert server.ping() == 503
        answer = server.invoke({"text": "Anna"})
        assert (answer.status, answer.json["error"]["code"]) == (503, "not_ready")
        assert answer.headers["Retry-After"] == "1"
        gate.open()
        server.wait_until_ready()
        assert server.invoke({"text": "Anna"}).status == 200


def test_a_wrong_setting_ends_it_with_2_and_one_line(spans_model: Path, tmp_path: Path) -> None:
    with Server(spans_model, tmp_path / "log", BERTH_READ_SECONDS="many") as server:
        assert server.wait() == 2
        (line,) = server.lines()
        assert line["message"] == (
            f"BERTH_READ_SECONDS='many': must be a whole number from 1 to {2**40}"
        )


def test_a_port_that_is_taken_ends_it_with_1_and_one_line(
    spans_model: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with Server(spans_model, tmp_path / "log", SAGEMAKER_BIND_TO_PORT=str(port)) as server:
            assert server.wait() == 1
            (line,) = server.lines()
            assert line["message"] == f"cannot listen on 127.0.0.1:{port}: Address already in use"


# Refusing


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    reason = refused(tmp_path, tmp_path / "log")
    assert f"{tmp_path}: no model" in reason


def test_a_model_whose_code_fails_is_refused_with_its_reason(folder: Path, tmp_path: Path) -> None:
    replace(folder / "spans.py", "import re\n", "import re\nimport no_such_module\n")
    assert "No module named 'no_such_module'" in refused(folder, tmp_path / "log")


def test_a_model_that_fails_on_its_own_example_is_refused(folder: Path, tmp_path: Path) -> None:
    replace(folder / "serving_input_example.json", "Anna lives in Berlin", "RAISE")
    reason = refused(folder, tmp_path / "log")
    assert "fails on its own input example" in reason
    assert re.search(r": ValueError in \w+, \S+/spans.py:\d+$", reason)
    assert "secret" not in (tmp_path / "log").read_text()


def test_a_model_of_another_python_is_refused_with_both_versions_and_the_cure(
    folder: Path, tmp_path: Path
) -> None:
    here = platform.python_version()
    replace(folder / "MLmodel", f"python_version: {here}", "python_version: 3.9.1")
    mark = tmp_path / "mark"
    reason = refused(folder, tmp_path / "log", TEST_IMPORT_MARK=str(mark))
    assert f"Python 3.9.1 made the model, here is {here}" in reason
    assert "build the image from this model's own requirements.txt and Python version" in reason
    assert not mark.exists()


def test_a_model_of_another_python_is_served_where_that_is_asked_for(
    folder: Path, tmp_path: Path
) -> None:
    here = platform.python_version()
    replace(folder / "MLmodel", f"python_version: {here}", "python_version: 3.9.1")
    with Server(folder, tmp_path / "log", BERTH_SKIP_VERSION_CHECK="1") as server:
        server.wait_until_ready()
        warnings = [line["message"] for line in server.lines() if line["level"] == "WARNING"]
        assert f"versions differ: Python 3.9.1 made the model, here is {here}" in warnings


def test_what_was_packed_is_served_and_stays_as_it_is(folder: Path, tmp_path: Path) -> None:
    digest = seal(folder)
    mark = tmp_path / "mark"
    with Server(
        folder,
        tmp_path / "log",
        BERTH_MODEL_MANIFEST_SHA256=digest,
        TEST_IMPORT_MARK=str(mark),
    ) as server:
        server.wait_until_ready()
        assert mark.exists()
        assert server.invoke({"text": "Anna"}).status == 200
    manifest.verify(folder, digest)


def test_a_model_that_was_tampered_with_is_refused_before_any_of_it_runs(
    folder: Path, tmp_path: Path
) -> None:
    digest = seal(folder)
    replace(folder / "spans.py", "import re\n", "import re, os\n")
    mark = tmp_path / "mark"
    reason = refused(
        folder,
        tmp_path / "log",
        BERTH_MODEL_MANIFEST_SHA256=digest,
        TEST_IMPORT_MARK=str(mark),
    )
    assert f"{folder}/spans.py: differs from SHA256SUMS" in reason
    assert not mark.exists()


# Under load

ONE_WORKER = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
TWO_WORKERS = {"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}


def test_what_exceeds_the_queue_is_503_while_ping_stays_200(
    spans_model: Path, tmp_path: Path, gate: Gate
) -> None:
    with (
        Server(spans_model, tmp_path / "log", **ONE_WORKER, BERTH_MAX_QUEUE_TOKENS="1") as server,
        ThreadPoolExecutor() as clients,
    ):
        server.wait_until_ready()
        first = clients.submit(server.invoke, {"text": f"READ {gate.path}"})
        gate.wait_until_reached()
        answer = server.invoke({"text": "Anna"})
        assert (answer.status, answer.json["error"]["code"]) == (503, "busy")
        assert answer.headers["Retry-After"] == "1"
        assert server.ping() == 200
        gate.open()
        assert first.result().status == 200
        assert server.invoke({"text": "Anna"}).status == 200


# Ending


def test_sigterm_loses_nothing_that_was_accepted(
    spans_model: Path, tmp_path: Path, gate: Gate
) -> None:
    with (
        Server(spans_model, tmp_path / "log", **ONE_WORKER) as server,
        ThreadPoolExecutor() as clients,
    ):
        server.wait_until_ready()
        computed = clients.submit(server.invoke, {"text": f"READ {gate.path}"})
        gate.wait_until_reached()
        waiting = http_post(server, json.dumps({"text": "Anna"}).encode())
        poll(lambda: b"serving_waiting_requests 2.0" in server.request("GET", "/metrics").body)
        server.terminate()
        poll(lambda: server.ping() is None)
        gate.open()
        assert computed.result().status == 200
        assert b" 200 OK" in waiting.recv(65536)
        waiting.close()
        assert server.wait() == 0
        assert server.lines()[-1]["message"] == "stopped; every accepted request was answered"


def http_post(server: Server, body: bytes) -> socket.socket:
    """Send a whole request, and leave its answer to be read."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    head = f"POST /invocations HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"])
def test_a_signal_to_end_while_it_loads_ends_it_at_once(
    spans_model: Path, tmp_path: Path, gate: Gate, number: str
) -> None:
    with Server(spans_model, tmp_path / "log", TEST_IMPORT_GATE=str(gate.path)) as server:
        gate.wait_until_reached()
        server.process.send_signal(signal.SIGUSR1)
        assert server.ping() == 503
        server.process.send_signal(signal.Signals[number])
        assert server.wait() == 0


def test_what_takes_longer_than_the_drain_is_given_up_and_said(
    spans_model: Path, tmp_path: Path, gate: Gate
) -> None:
    with (
        Server(spans_model, tmp_path / "log", BERTH_DRAIN_SECONDS="1") as server,
        ThreadPoolExecutor() as clients,
    ):
        server.wait_until_ready()
        lost = clients.submit(server.invoke, {"text": f"READ {gate.path}"})
        gate.wait_until_reached()
        server.terminate()
        assert server.wait() == 1
        assert server.lines()[-1]["message"] == "1 accepted requests were not finished in time"
        assert lost.exception() is not None or lost.result().status == 500


def test_a_request_that_ends_the_only_worker_fails_alone(spans_model: Path, tmp_path: Path) -> None:
    with Server(spans_model, tmp_path / "log", **ONE_WORKER) as server:
        server.wait_until_ready()
        answer = server.invoke({"text": "EXIT"})
        assert (answer.status, answer.json["error"]["code"]) == (500, "worker_ended")
        assert "the worker ended with status 3" in answer.json["error"]["message"]
        assert server.invoke({"text": "Anna"}).status == 200
        server.wait_until_ready()


def test_a_model_that_calls_sys_exit_fails_its_request_alone(
    spans_model: Path, tmp_path: Path
) -> None:
    with Server(spans_model, tmp_path / "log", **ONE_WORKER) as server:
        server.wait_until_ready()
        answer = server.invoke({"text": "RAISE EXIT"})
        assert (answer.status, answer.json["error"]["code"]) == (500, "model_error")
        assert "SystemExit" in answer.json["error"]["message"]
        assert server.invoke({"text": "Anna"}).status == 200
        assert "a worker has ended" not in server.log.read_text()


def test_what_a_killed_worker_had_in_work_is_done_by_another(
    spans_model: Path, tmp_path: Path, gate: Gate
) -> None:
    with (
        Server(spans_model, tmp_path / "log", **TWO_WORKERS) as server,
        ThreadPoolExecutor() as clients,
    ):
        server.wait_until_ready()
        asked = clients.submit(server.invoke, {"text": f"READ {gate.path}"})
        gate.wait_until_reached()
        killed = reader_of(gate, server)
        killed.kill()
        # The gate stays as it is until the other has come: shut between, it could let that pass.
        reader_of(gate, server, unlike=killed)
        gate.open()
        assert asked.result().status == 200
        server.wait_until_ready()


def test_requests_that_end_their_workers_fail_alone_while_others_are_answered(
    spans_model: Path, tmp_path: Path
) -> None:
    with (
        Server(spans_model, tmp_path / "log", **TWO_WORKERS) as server,
        ThreadPoolExecutor(3) as clients,
    ):
        server.wait_until_ready()
        killing = [clients.submit(server.invoke, {"text": f"EXIT {n}"}) for n in range(3)]
        innocent = []
        while not all(each.done() for each in killing):
            innocent.append(server.invoke({"text": "Anna"}).status)
        assert {each.result().status for each in killing} == {500}
        assert set(innocent) == {200}
        server.wait_until_ready()
        assert server.invoke({"text": "Anna"}).status == 200


def reader_of(gate: Gate, server: Server, unlike: psutil.Process | None = None) -> psutil.Process:
    """Wait for a worker that has the gate open: it is reached before `open` returns there."""
    found: list[psutil.Process] = []

    def has_read() -> bool:
        for worker in psutil.Process(server.process.pid).children():
            with suppress(OSError, psutil.Error):  # it may end meanwhile
                files = Path(f"/proc/{worker.pid}/fd").iterdir()
                if worker != unlike and gate.path in {file.resolve() for file in files}:
                    found.append(worker)
        return bool(found)

    poll(has_read)
    return found[0]


def test_a_model_that_can_be_loaded_no_more_ends_the_server_with_the_reason(
    folder: Path, tmp_path: Path
) -> None:
    with Server(folder, tmp_path / "log", **ONE_WORKER) as server:
        server.wait_until_ready()
        (folder / "MLmodel").write_text("flavors: {}")
        psutil.Process(server.process.pid).children()[0].kill()
        assert server.wait() == 1
        assert "cannot serve the model: " in server.lines()[-1]["message"]
