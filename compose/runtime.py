"""SageMaker's runtime API in front of one container, for compose.yaml.

`POST /endpoints/NAME/invocations` and `.../invocations-response-stream` become the container's
`POST /invocations`; its answers become the API's, errors as botocore models them. An unchanged
SDK that has this for its endpoint URL works. Signatures are not looked at; what a web page sends,
which reaches every port of the machine, is refused.

Standard library alone: it runs with any image's Python.
"""

import http.client
import json
import os
import re
import signal
import struct
import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

MAX_BODY_BYTES = 25 * 2**20
"""Amazon's hosting FAQ: 25 MB for a real-time payload."""

RESPONSE_SECONDS = 60.0
"""A container has to answer within 60 s (developer guide, your-algorithms-inference-code)."""

STREAM_SECONDS = 480.0
"""A stream may take 8 minutes (same page)."""

_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?")
"""A page whose name has been made to lead here (DNS rebinding) says that name."""

_OPERATION = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations(?P<stream>-response-stream)?")
_PREFIX = "x-amzn-sagemaker-"
_ANSWERED = ("custom-attributes", "new-session-id", "closed-session-id")


class ApiError(Exception):
    """An error of the API: its HTTP status, its name, its message, and what else its shape has."""

    def __init__(self, status: int, name: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status, self.name, self.more = status, name, more


class Runtime(ThreadingHTTPServer):
    """The API for one endpoint.

    Attributes:
        endpoint: its name.
        container: `host:port` of the container behind it.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], endpoint: str, container: str) -> None:
        super().__init__(address, Handler)
        self.endpoint, self.container = endpoint, container


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: Runtime
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "berth-runtime", ""
    timeout = RESPONSE_SECONDS
    # Head and body go out together: else each waits for the other's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer a call."""
        try:
            self._call()
        except ApiError as error:
            self._refuse(error)

    def _call(self) -> None:
        self._refuse_pages()
        operation = _OPERATION.fullmatch(self.path)
        body = self._body()
        if operation is None:
            raise ApiError(404, "UnknownOperationException", f"not known: {self.path}")
        name, ours = unquote(operation["name"]), self.server.endpoint
        if name != ours:
            raise ApiError(400, "ValidationError", f"Endpoint {name} not found; here is {ours}.")
        self._invoke(body, stream=operation["stream"] is not None)

    def _refuse_pages(self) -> None:
        """Go by the headers that a page cannot choose (https://www.w3.org/TR/fetch-metadata/)."""
        host = self.headers.get("Host", "")
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site", "none")
        if origin is None and site == "none" and _OWN_HOST.fullmatch(host):
            return
        self.close_connection = True  # the body is left unread
        raise ApiError(
            403,
            "AccessDeniedException",
            "This address takes no request of a web page "
            f"(Host: {host}, Origin: {origin}, Sec-Fetch-Site: {site}).",
        )

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.close_connection = True
            raise ApiError(400, "ValidationError", "The request has no Content-Length.")
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            raise ApiError(
                400,
                "ValidationError",
                f"The body has {length} bytes; at most {MAX_BODY_BYTES} are allowed.",
            )
        return self.rfile.read(int(length))

    def _invoke(self, body: bytes, *, stream: bool) -> None:
        seconds = STREAM_SECONDS if stream else RESPONSE_SECONDS
        connection = http.client.HTTPConnection(self.server.container, timeout=seconds)
        try:
            response, answer = self._ask(connection, body, stream=stream)
            if not 200 <= response.status < 300:
                raise model_error(response.status, response.read() if stream else answer)
            headers = self._headers_of(response, stream=stream)
            if stream:
                self._send_stream(headers, response)
            else:
                self._send(200, headers, answer)
        finally:
            connection.close()

    def _ask(
        self, connection: http.client.HTTPConnection, body: bytes, *, stream: bool
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            connection.connect()
        except OSError as error:
            raise ApiError(
                503, "ServiceUnavailable", f"The container does not listen: {error}"
            ) from error
        try:
            connection.request("POST", "/invocations", body, self._passed_on(stream=stream))
            response = connection.getresponse()
            return response, b"" if stream else response.read()
        except TimeoutError:
            raise model_error(
                0,
                b"Your invocation timed out while waiting for a response from container primary.",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            said = f"The container broke the connection: {type(error).__name__}"
            raise model_error(0, said.encode()) from error

    def _passed_on(self, *, stream: bool) -> dict[str, str]:
        """The headers that SageMaker lets through."""
        passed = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() in ("content-type", "accept") or name.lower().startswith(_PREFIX)
        }
        # The streaming call has Accept under another name.
        wanted = passed.pop(f"{_PREFIX}accept", None) if stream else None
        return {"accept": "*/*", **passed, **({"accept": wanted} if wanted else {})}

    def _headers_of(self, response: http.client.HTTPResponse, *, stream: bool) -> dict[str, str]:
        kind = response.headers.get("content-type", "application/octet-stream")
        headers = {f"{_PREFIX}content-type" if stream else "content-type": kind}
        for name in _ANSWERED:
            if value := response.headers.get(_PREFIX + name):
                headers[_PREFIX + name] = value
        return {**headers, "x-amzn-invoked-production-variant": "AllTraffic"}

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _send_stream(self, headers: dict[str, str], response: http.client.HTTPResponse) -> None:
        self.send_response(200)
        kind = {"content-type": "application/vnd.amazon.eventstream"}
        for name, value in {**headers, **kind, "transfer-encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            while part := response.read1(65_536):
                self._send_chunk(event(b"event", b"PayloadPart", part))
            if response.length:  # of the Content-Length that was announced
                raise http.client.IncompleteRead(b"", response.length)
        except (OSError, http.client.HTTPException) as error:
            said = json.dumps({"Message": f"{type(error).__name__}", "ErrorCode": "StreamBroken"})
            self._send_chunk(event(b"exception", b"ModelStreamError", said.encode()))
        self._send_chunk(b"")

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _refuse(self, error: ApiError) -> None:
        body = json.dumps({"Message": str(error), **error.more}).encode()
        headers = {"content-type": "application/json", "x-amzn-errortype": error.name}
        self._send(error.status, headers, body)


def model_error(status: int, body: bytes) -> ApiError:
    """What a container's error, or its silence (status 0), is to the client."""
    said = body.decode(errors="replace")
    kind = "client" if 400 <= status < 500 else "server"
    return ApiError(
        424,
        "ModelError",
        f'Received {kind} error ({status}) from primary with message "{said}".',
        OriginalStatusCode=status,
        OriginalMessage=said,
    )


def event(kind: bytes, name: bytes, payload: bytes) -> bytes:
    """A message of `application/vnd.amazon.eventstream`."""
    label = b":event-type" if kind == b"event" else b":exception-type"
    content = b"application/octet-stream" if kind == b"event" else b"application/json"
    headers = b"".join(
        struct.pack("!B", len(key)) + key + struct.pack("!BH", 7, len(value)) + value
        for key, value in ((b":message-type", kind), (label, name), (b":content-type", content))
    )
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))


def main() -> int:
    """Serve until SIGTERM. BERTH_ENDPOINT, BERTH_CONTAINER and PORT say what and where."""
    # As a container's first process it would not hear one otherwise.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "8080"))
    host = os.environ.get("BERTH_BIND_HOST", "0.0.0.0")  # noqa: S104 - a container's port
    endpoint = os.environ.get("BERTH_ENDPOINT", "berth-dev")
    container = os.environ.get("BERTH_CONTAINER", "serving:8080")
    with Runtime((host, port), endpoint, container) as runtime:
        print(f"endpoint {endpoint}: port {port}, container {container}", flush=True)
        runtime.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
