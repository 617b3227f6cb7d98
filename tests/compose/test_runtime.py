"""An unchanged boto3 in front of compose/runtime.py, and a container that does as it is told."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from tests.browser import pages
from tests.container.process import free_port, poll

pytestmark = pytest.mark.slow

ENDPOINT = "berth-dev"


class Told(BaseHTTPRequestHandler):
    """Responds with what the request's body, a JSON object, asks for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parts = [part.encode() for part in told.get("parts", [])]
        sent = {key.lower(): value for key, value in self.headers.items()}
        body = b"".join(parts) or json.dumps({"path": self.path, **sent}).encode()
        length = len(body) + (10 if told.get("breaks") else 0)
        self.send_response(told.get("status", 200))
        for name, value in {**told.get("headers", {}), "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = bool(told.get("breaks"))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def container() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Told) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def started(root: Path, container: int) -> "tuple[subprocess.Popen[str], int]":
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", root / "compose" / "runtime.py"],
        env={
            **os.environ,
            "PORT": str(port),
            "BERTH_BIND_HOST": "127.0.0.1",
            "BERTH_ENDPOINT": ENDPOINT,
            "BERTH_CONTAINER": f"127.0.0.1:{container}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("endpoint berth-dev:")
    return process, port


def client_of(port: int) -> Any:
    return boto3.Session().client(
        "sagemaker-runtime",
        region_name="eu-central-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def runtime(root: Path, container: int) -> Iterator[int]:
    """The port of the runtime API."""
    process, port = started(root, container)
    with process:
        yield port
        process.kill()


@pytest.fixture(scope="module")
def client(runtime: int) -> Any:
    return client_of(runtime)


def invoke(client: Any, told: dict[str, Any], **more: Any) -> dict[str, Any]:
    response: dict[str, Any] = client.invoke_endpoint(
        EndpointName=ENDPOINT, Body=json.dumps(told), **more
    )
    return response


def test_a_request_reaches_the_container_with_sagemakers_headers_alone(client: Any) -> None:
    response = invoke(
        client, {}, ContentType="text/csv", Accept="text/plain", CustomAttributes="a=1"
    )
    seen = json.loads(response["Body"].read())
    assert seen["path"] == "/invocations"
    assert seen["content-type"] == "text/csv"
    assert seen["accept"] == "text/plain"
    assert seen["x-amzn-sagemaker-custom-attributes"] == "a=1"
    assert "authorization" not in seen
    assert response["InvokedProductionVariant"] == "AllTraffic"


def test_the_containers_type_and_attributes_come_back(client: Any) -> None:
    headers = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Custom-Attributes": "b=2"}
    response = invoke(client, {"parts": ["x,y"], "headers": headers})
    assert (response["ContentType"], response["CustomAttributes"]) == ("text/csv", "b=2")
    assert response["Body"].read() == b"x,y"


@pytest.mark.parametrize("status", [400, 503])
def test_a_containers_error_is_a_model_error(client: Any, status: int) -> None:
    with pytest.raises(client.exceptions.ModelError) as error:
        invoke(client, {"status": status, "parts": ['{"error": "why"}']})
    assert error.value.response["OriginalStatusCode"] == status
    assert error.value.response["OriginalMessage"] == '{"error": "why"}'
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424


def test_a_broken_response_is_a_model_error(client: Any) -> None:
    with pytest.raises(client.exceptions.ModelError, match="broke the connection"):
        invoke(client, {"breaks": True})


def test_a_response_in_parts_is_an_event_stream(client: Any) -> None:
    response = client.invoke_endpoint_with_response_stream(
        EndpointName=ENDPOINT, Body=json.dumps({"parts": ["one", "two"]}), Accept="text/plain"
    )
    assert b"".join(part["PayloadPart"]["Bytes"] for part in response["Body"]) == b"onetwo"


def test_a_stream_that_breaks_says_so(client: Any) -> None:
    response = client.invoke_endpoint_with_response_stream(
        EndpointName=ENDPOINT, Body=json.dumps({"parts": ["one"], "breaks": True})
    )
    with pytest.raises(EventStreamError, match="ModelStreamError"):
        list(response["Body"])


def test_an_error_before_a_stream_is_a_model_error(client: Any) -> None:
    with pytest.raises(client.exceptions.ModelError, match="400"):
        client.invoke_endpoint_with_response_stream(
            EndpointName=ENDPOINT, Body=json.dumps({"status": 400})
        )


@pytest.mark.parametrize("way", [way for way in pages(0) if way != "no browser"])
def test_a_page_in_a_browser_calls_no_model(runtime: int, way: str) -> None:
    """By what it may send without asking first, and by what it has to ask about."""
    page, path = pages(runtime)[way], f"/endpoints/{ENDPOINT}/invocations"
    for kind in ("text/plain", "application/json"):
        for where in (path, f"{path}-response-stream"):
            answer = page.send("POST", where, b"{}", Content_Type=kind)
            assert (answer.status, answer.headers["x-amzn-errortype"]) == (
                *(403, "AccessDeniedException"),
            )
            assert b"takes no request of a web page (" in answer.body
    for method, where in (("OPTIONS", path), ("GET", path), ("GET", "/")):
        answer = page.send(method, where, Access_Control_Request_Method="POST")
        assert answer.status >= 400
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_another_endpoint_is_not_found(client: Any) -> None:
    with pytest.raises(ClientError, match="Endpoint other not found; here is berth-dev"):
        client.invoke_endpoint(EndpointName="other", Body=b"{}")


def test_a_body_beyond_the_limit_is_refused_unread(client: Any) -> None:
    body = io.BytesIO(bytes(25 * 2**20 + 1))
    with pytest.raises(ClientError, match="26214401 bytes"):
        client.invoke_endpoint(EndpointName=ENDPOINT, Body=body)


def test_a_container_that_does_not_listen_is_a_503_that_sdks_repeat(root: Path) -> None:
    process, port = started(root, free_port())
    with process:
        with pytest.raises(ClientError) as error:
            invoke(client_of(port), {})
        process.kill()
    assert error.value.response["Error"]["Code"] == "ServiceUnavailable"


def test_it_ends_with_0_on_sigterm(root: Path, container: int) -> None:
    process, _ = started(root, container)
    with process:
        process.send_signal(signal.SIGTERM)
        poll(lambda: process.poll() is not None)
        assert process.returncode == 0
