"""What the front does for a request while a worker has it, and when it does not come whole."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.container.front.conftest import handlers_model
from tests.container.process import Gate, Server, poll

pytestmark = pytest.mark.slow

HEAD = b"POST /invocations HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


def waiting(server: Server) -> int:
    lines = server.request("GET", "/metrics").body.decode().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith("serving_waiting_requests "))
    return int(float(value))


def test_a_request_whose_client_has_gone_is_given_up(server: Server, gate: Gate) -> None:
    with ThreadPoolExecutor() as clients:
        first = clients.submit(server.invoke, {"text": f"READ {gate.path}"})
        gate.wait_until_reached()
        gone = socket.create_connection(("127.0.0.1", server.port))
        gone.sendall(HEAD + b'Content-Length: 15\r\n\r\n{"text": "bye"}')
        poll(lambda: waiting(server) == 2)
        gone.close()
        poll(lambda: waiting(server) == 1)
        gate.open()
        assert first.result().status == 200


def test_a_body_that_stops_coming_is_408(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow:
        slow.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"text": ')
        assert slow.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_has_not_come_by_the_deadline_is_408(tmp_path: Path) -> None:
    settings = {"BERTH_READ_SECONDS": "600", "BERTH_DEADLINE_SECONDS": "1"}
    with Server(handlers_model(tmp_path / "model"), tmp_path / "log", **settings) as server:
        server.wait_until_ready()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow:
            slow.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"text": ')
            assert slow.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_request_without_an_answer_by_its_deadline_is_504(tmp_path: Path, gate: Gate) -> None:
    settings = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1", "BERTH_DEADLINE_SECONDS": "1"}
    with Server(handlers_model(tmp_path / "model"), tmp_path / "log", **settings) as server:
        server.wait_until_ready()
        answer = server.invoke({"text": f"READ {gate.path}"})
        assert (answer.status, answer.json["error"]["code"]) == (504, "deadline_exceeded")
        gate.wait_until_reached()
        gate.open()
        poll(lambda: server.invoke({"text": "a"}).status == 200)


def test_a_worker_that_hangs_is_replaced(tmp_path: Path, gate: Gate) -> None:
    settings = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1", "BERTH_HANG_SECONDS": "1"}
    with Server(handlers_model(tmp_path / "model"), tmp_path / "log", **settings) as server:
        server.wait_until_ready()
        answer = server.invoke({"text": f"READ {gate.path}"})
        assert (answer.status, answer.json["error"]["code"]) == (500, "worker_ended")
        assert "it hung" in answer.json["error"]["message"]
        assert server.invoke({"text": "a"}).status == 200


def test_a_request_that_kills_fails_alone_and_others_are_answered_all_along(
    tmp_path: Path,
) -> None:
    folder = handlers_model(tmp_path / "model")
    settings = {"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}
    with (
        Server(folder, tmp_path / "log", **settings) as server,
        ThreadPoolExecutor() as clients,
    ):
        server.wait_until_ready()
        poll(lambda: server.log.read_text().count('"model ready"') == 2)
        (folder / "hold").touch()  # no replacement is ready until it is gone
        killing = clients.submit(server.invoke, {"text": "KILL"})
        poll(lambda: "a worker has ended" in server.log.read_text())
        for _ in range(20):
            assert server.invoke({"text": "a"}).status == 200
            assert server.ping() == 200
        answer = killing.result()
        assert (answer.status, answer.json["error"]["code"]) == (500, "worker_ended")
        assert "the worker ended with status 3" in answer.json["error"]["message"]
        (folder / "hold").unlink()
        # Sent anew, it is known and ends no other.
        assert server.invoke({"text": "KILL"}).status == 500
        assert server.log.read_text().count("a worker has ended") == 1


def test_a_worker_ends_with_the_processes_it_has_started_and_none_is_left_unreaped(
    tmp_path: Path,
) -> None:
    settings = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
    with Server(handlers_model(tmp_path / "model"), tmp_path / "log", **settings) as server:
        server.wait_until_ready()
        started = [psutil.Process(server.invoke({"text": "SPAWN"}).json) for _ in range(3)]
        assert all(process.is_running() for process in started)
        server.invoke({"text": "KILL"})
        poll(lambda: not any(process.is_running() for process in started))
        server.wait_until_ready()
        # Those that have left its group are the front's children, which reaps them.
        (worker,) = psutil.Process(server.process.pid).children()
        assert worker.status() != psutil.STATUS_ZOMBIE


def test_a_stream_comes_in_chunks_as_they_are_made(server: Server) -> None:
    answer = server.invoke({"text": "COUNT 3"})
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.body == b"0\n1\n2\n"


def test_a_stream_that_fails_is_broken_off_so_that_no_one_takes_it_for_whole(
    server: Server,
) -> None:
    body = json.dumps({"text": "COUNT 9"}).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    assert b"6\n" in received
    assert b"0\r\n\r\n" not in received
    assert server.invoke({"text": "a"}).status == 200


def test_a_session_lives_until_the_model_closes_it(server: Server) -> None:
    def said(text: str, session: str) -> tuple[object, str | None, str | None]:
        answer = server.invoke({"text": text}, **{"X-Amzn-SageMaker-Session-Id": session})
        new = answer.headers["X-Amzn-SageMaker-New-Session-Id"]
        return answer.json, new, answer.headers["X-Amzn-SageMaker-Closed-Session-Id"]

    document, new, _ = said("a", "NEW_SESSION")
    assert document == {"texts": ["a"]}
    assert new is not None
    session, _, expires = new.partition("; Expires=")
    assert expires.endswith("Z")
    assert said("b", session) == ({"texts": ["a", "b"]}, None, None)
    assert said("bye", session) == ({"texts": ["a", "b", "bye"]}, None, session)
    document, *_ = said("c", session)
    assert "is not open" in document["error"]["message"]  # type: ignore[index]


def test_execution_parameters_are_what_the_workers_can_do(server: Server) -> None:
    found = server.request("GET", "/execution-parameters").json
    assert found["BatchStrategy"] == "MULTI_RECORD"
    assert found["MaxConcurrentTransforms"] == 2
    assert 1 <= found["MaxPayloadInMB"] <= 25
