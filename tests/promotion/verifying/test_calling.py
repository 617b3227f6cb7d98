"""How the endpoint is called, and whose fault it is where there is no answer."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from aws.errors import AwsError
from aws.stage import Stage
from promotion.verifying.calling import Endpoint, FailedError
from tests.promotion.verifying.conftest import deployed

pytestmark = pytest.mark.slow


RECEIVED: list[Any] = []


class Runtime(BaseHTTPRequestHandler):
    """SageMaker's runtime, as far as this machine's AWS has none of it: by the body's own wish.

    {"refuse": [STATUS, CODE]}, or else an answer that tells which component was asked.
    """

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        RECEIVED.append(asked)
        status, code = asked.get("refuse", (200, ""))
        self.send_response(status)
        if code:
            self.send_header("x-amzn-ErrorType", code)
        self.end_headers()
        component = self.headers["X-Amzn-SageMaker-Inference-Component"]
        self.wfile.write(json.dumps({"path": self.path, "component": component}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, dev: Stage) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Runtime) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
        yield url
        server.shutdown()
        thread.join()


def ask(stage: Stage, mode: str = "real-time", **body: Any) -> dict[str, Any]:
    endpoint = Endpoint(stage, deployed(stage, mode=mode), Event())
    answer: dict[str, Any] = json.loads(endpoint.invoke(json.dumps(body).encode()))
    return answer


def test_an_inference_component_is_asked_by_its_name(dev: Stage, runtime: str) -> None:
    path = "/endpoints/berth-dev/invocations"
    assert ask(dev, "inference-component") == {"path": path, "component": "berth-dev"}
    assert ask(dev, "real-time") == {"path": path, "component": None}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (424, "ModelError"),
        (429, "ModelNotReadyException"),
        (400, "ThrottlingException"),
        (400, "ValidationError"),
        (500, "InternalFailure"),
        (503, "ServiceUnavailable"),
    ],
)
def test_what_the_endpoint_does_not_answer_is_its_fault(
    dev: Stage, runtime: str, status: int, code: str
) -> None:
    RECEIVED.clear()
    with pytest.raises(FailedError, match=code):
        ask(dev, refuse=[status, code])
    assert len(RECEIVED) == 1  # a second try would hide the error


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AccessDeniedException"),
        (400, "AccessDeniedException"),
        (403, "ExpiredTokenException"),
        (400, "ExpiredToken"),
        (403, "InvalidSignatureException"),
    ],
)
def test_what_the_caller_may_not_is_no_evidence_against_the_endpoint(
    dev: Stage, runtime: str, status: int, code: str
) -> None:
    with pytest.raises(AwsError, match=rf"^AWS: .*{code}.*InvokeEndpoint"):
        ask(dev, refuse=[status, code])


def test_where_nothing_listens_the_endpoint_is_at_fault(
    dev: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://127.0.0.1:9")
    with pytest.raises(FailedError, match="Could not connect"):
        ask(dev)


def test_an_asynchronous_endpoint_that_never_answers_is_not_waited_for_twice(
    qa: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promotion.verifying.calling._RESULT_SECONDS", 0)
    endpoint = Endpoint(qa, deployed(qa, mode="async"), Event())
    for _ in range(2):
        with pytest.raises(FailedError, match="no result within 0 s"):
            endpoint.invoke(b'{"answer": 1}')
