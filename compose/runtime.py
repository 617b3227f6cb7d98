"""SageMaker's runtime API in front of one container, for compose.yaml.

`POST /endpoints/NAME/invocations` and `.../invocations-response-stream` become the container's
`POST /invocations`; its responses become the API's, errors as botocore models them. An unchanged
SDK that has this for its endpoint URL works. Signatures are not checked; what a web
page sends, which reaches every port of the machine, is refused.

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
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

ENDPOINT = os.environ.get("BERTH_ENDPOINT", "berth-dev")
CONTAINER = os.environ.get("BERTH_CONTAINER", "serving:8080")
"""The name of the one endpoint, and `host:port` of the container behind it."""

MAX_BODY_BYTES = 25 * 2**20
"""Amazon's hosting FAQ: 25 MB for a real-time payload."""

RESPONSE_SECONDS, STREAM_SECONDS = 60.0, 480.0
"""A container has to respond within 60 s, and a stream may take 8 minutes (developer guide,
your-algorithms-inference-code)."""

_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?")
"""A page whose name has been made to lead here (DNS rebinding) says that name."""

_TIMED_OUT = "Your invocation timed out while waiting for a response from container primary."
_OPERATION = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations(?P<stream>-response-stream)?")
_PREFIX = "x-amzn-sagemaker-"
_RETURNED = tuple(
    _PREFIX + name for name in ("custom-attributes", "new-session-id", "closed-session-id")
)


class ApiError(Exception):
    """An error of the API: its HTTP status, its name, its message, and what else its shape has."""

    def __init__(self, status: int, name: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status, self.name, self.more = status, name, more


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "berth-runtime", ""
    timeout = RESPONSE_SECONDS
    # Head and body go out together: else each waits for the other's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Respond to a call."""
        try:
            self._call()
        except ApiError as error:
            body = json.dumps({"Message": str(error), **error.more}).encode()
            headers = {"content-type": "application/json", "x-amzn-errortype": error.name}
            self._send(error.status, headers, body)

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

    def _call(self) -> None:
        self._refuse_pages()
        operation = _OPERATION.fullmatch(self.path)
        body = self._body()
        if operation is None:
            raise ApiError(404, "UnknownOperationException", f"not known: {self.path}")
        name = unquote(operation["name"])
        if name != ENDPOINT:
            raise invalid(f"Endpoint {name} not found; here is {ENDPOINT}.")
        stream = operation["stream"] is not None
        seconds = STREAM_SECONDS if stream else RESPONSE_SECONDS
        with closing(http.client.HTTPConnection(CONTAINER, timeout=seconds)) as connection:
            response, content = self._ask(connection, body, stream=stream)
            if not 200 <= response.status < 300:
                raise model_error(response.status, content)
            headers = _headers_of(response, stream=stream)
            if stream:
                self._send_stream(headers, response)
            else:
                self._send(200, headers, content)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) <= MAX_BODY_BYTES:
            return self.rfile.read(int(length))
        self.close_connection = True
        if not length.isdecimal():
            raise invalid("The request has no Content-Length.")
        raise invalid(f"The body has {length} bytes; at most {MAX_BODY_BYTES} are allowed.")

    def _ask(
        self, connection: http.client.HTTPConnection, body: bytes, *, stream: bool
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            connection.connect()
        except OSError as error:
            message = f"The container does not listen: {error}"
            raise ApiError(503, "ServiceUnavailable", message) from error
        try:
            connection.request("POST", "/invocations", body, self._passed_on(stream=stream))
            response = connection.getresponse()
            return response, b"" if stream and response.status < 300 else response.read()
        except (OSError, http.client.HTTPException) as error:
            broken = f"The container broke the connection: {type(error).__name__}"
            message = _TIMED_OUT if isinstance(error, TimeoutError) else broken
            raise model_error(0, message.encode()) from error

    def _passed_on(self, *, stream: bool) -> dict[str, str]:
        """The headers that SageMaker passes on to the container."""
        given = {"accept": "*/*"} | {name.lower(): value for name, value in self.headers.items()}
        if stream:  # the streaming call has Accept under another name
            given["accept"] = given.pop(f"{_PREFIX}accept", given["accept"])
        passed = ("content-type", "accept")
        return {key: given[key] for key in given if key in passed or key.startswith(_PREFIX)}

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self._send_head(status, {**headers, "content-length": str(len(body))})
        self.wfile.write(body)

    def _send_head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_stream(self, headers: dict[str, str], response: http.client.HTTPResponse) -> None:
        kind = {"content-type": "application/vnd.amazon.eventstream"}
        self._send_head(200, {**headers, **kind, "transfer-encoding": "chunked"})
        try:
            while part := response.read1(65_536):
                self._send_chunk(event(b"event", b"PayloadPart", part))
            if response.length:  # of the Content-Length that was announced
                raise http.client.IncompleteRead(b"", response.length)
        except (OSError, http.client.HTTPException) as error:
            content = {"Message": f"{type(error).__name__}", "ErrorCode": "StreamBroken"}
            self._send_chunk(event(b"exception", b"ModelStreamError", json.dumps(content).encode()))
        self._send_chunk(b"")

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


def _headers_of(response: http.client.HTTPResponse, *, stream: bool) -> dict[str, str]:
    returned = {name: response.headers[name] for name in _RETURNED if name in response.headers}
    kind = response.headers.get("content-type", "application/octet-stream")
    returned[f"{_PREFIX}content-type" if stream else "content-type"] = kind
    return {**returned, "x-amzn-invoked-production-variant": "AllTraffic"}


def invalid(message: str) -> ApiError:
    """The error of a request that is refused without asking the container."""
    return ApiError(400, "ValidationError", message)


def model_error(status: int, body: bytes) -> ApiError:
    """The client's error where the container responds with an error, or not at all (status 0)."""
    message = body.decode(errors="replace")
    kind = "client" if 400 <= status < 500 else "server"
    return ApiError(
        424,
        "ModelError",
        f'Received {kind} error ({status}) from primary with message "{message}".',
        OriginalStatusCode=status,
        OriginalMessage=message,
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


def main() -> None:
    """Serve until SIGTERM."""
    # The kernel ignores SIGTERM for a container's first process that has no handler for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "8080"))
    host = os.environ.get("BERTH_BIND_HOST", "0.0.0.0")  # noqa: S104 - a container's port
    with ThreadingHTTPServer((host, port), Handler) as server:
        print(f"endpoint {ENDPOINT}: port {port}, container {CONTAINER}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
