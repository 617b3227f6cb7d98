"""What a request says is in no line of the log, however the model fails on it."""

import http.client
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.container.process import Response, Server, poll

pytestmark = pytest.mark.slow

PATIENT = "patient Erika Mustermann"
HEADERS = {
    "Content-Type": "text/csv",
    "X-Amzn-SageMaker-Custom-Attributes": f"ward={PATIENT}",
}
PLACES = [
    *("INPUT", "PREDICT", "OUTPUT", "STREAM", "THREAD", "FINALIZER", "STATUS", "GROUP", "CHAIN"),
    "BROKEN",
]
Start = Callable[..., AbstractContextManager[Server]]


@pytest.fixture
def serve(tmp_path: Path) -> Start:
    """Serve a model that fails where a text says."""
    code = tmp_path / "model" / "code"
    code.mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "sources" / "failing.py", code / "inference.py")

    def serve(**environment: str) -> Server:
        return Server(tmp_path / "model", tmp_path / "log", **environment)

    return serve


def send(server: Server, place: str) -> Response | None:
    """The response; None where the connection broke, as it does in the middle of a stream."""
    try:
        return server.request("POST", "/invocations", f"{PATIENT} {place}".encode(), HEADERS)
    except http.client.IncompleteRead:
        return None


def test_no_failure_of_a_model_puts_a_request_into_the_log(serve: Start) -> None:
    with serve() as server:
        server.wait_until_ready()
        for place in PLACES:
            send(server, place)
        poll(lambda: "berth_serving.errors.Broken" in server.log.read_text(), 20)
        tracebacks = "".join(line.get("traceback", "") for line in server.lines())
        for name in ("ValueError", "TypeError", "KeyError", "ExceptionGroup", "RuntimeError"):
            assert f"builtins.{name}\n" in f"{tracebacks}\n"
        for function in ("input_fn", "predict_fn", "output_fn", "chunks", "__del__"):
            assert f"in {function}\n" in tracebacks
        assert "Mustermann" not in server.log.read_text()


def test_the_caller_is_told_what_its_own_text_was_refused_for(serve: Start) -> None:
    with serve() as server:
        server.wait_until_ready()
        refused, failed = send(server, "STATUS"), send(server, "PREDICT")
        assert refused
        assert (refused.status, PATIENT in refused.json["error"]["message"]) == (422, True)
        assert failed
        assert (failed.status, PATIENT in failed.json["error"]["message"]) == (500, False)
        others = server.request("POST", "/invocations", b"OUTPUT", {"Content-Type": "text/csv"})
        assert b"Mustermann" not in others.body


def test_messages_and_custom_attributes_are_logged_where_settings_ask_for_them(
    serve: Start,
) -> None:
    settings = {"BERTH_LOG_EXCEPTION_MESSAGES": "1", "BERTH_LOG_CUSTOM_ATTRIBUTES": "1"}
    with serve(**settings) as server:
        server.wait_until_ready()
        send(server, "CHAIN")
        (failed,) = [line for line in server.lines() if "traceback" in line]
        assert f"ValueError: CHAIN: '{PATIENT} CHAIN'" in failed["traceback"]
        assert failed["custom_attributes"] == f"ward={PATIENT}"


def test_a_transform_job_is_not_told_as_its_log_would_have_it(serve: Start) -> None:
    with serve(SAGEMAKER_BATCH="true") as server:
        server.wait_until_ready()
        for place, code in (("STATUS", "wrong_schema"), ("INPUT", "wrong_schema")):
            refused = send(server, place)
            assert refused
            assert refused.json["error"]["code"] == code
            assert b"Mustermann" not in refused.body
