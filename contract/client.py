"""An HTTP client that calls a container as SageMaker does, and gives access to its socket."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract import canary
from contract.assertions import Failed, required

Headers = Mapping[str, str | None]
"""Fields of a request; one that is None is not sent."""


class NoResponse(Failed):
    """A connection that could not be made, or a request that got no complete response."""


class TooLate(NoResponse):
    """A request that got no response within its time limit."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response, and how many seconds after the request it had arrived."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The body as JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failed(f"the response is not JSON: {self.body[:80]!r}") from error

    @property
    def is_refusal(self) -> bool:
        """Whether the request is said to be at fault."""
        return 400 <= self.status < 500

    def require_200(self, said: str = "it answered") -> None:
        """Fail the case if the status is another than 200; `said` begins the message."""
        required(self.status == 200, f"{said} {self}")

    def __str__(self) -> str:
        return f"{self.status} {self.body[:80].decode(errors='replace')}".strip()


class Connection:
    """A connection to the container, with its socket for what an HTTP client cannot do.

    Attributes:
        seconds: how long the connection took to be accepted.
    """

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.socket = sock
        self.seconds = seconds
        self._words: set[bytes] = set()  # of the canary, in what was sent

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes, *, timeout: float) -> float:
        """Send as much as the server takes; return the time after it."""
        self._words |= canary.words(data)
        self.socket.settimeout(timeout)
        # A server may respond early (413) and close its side; the response is what counts.
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.socket.sendall(data)
        return time.monotonic()

    def exchange(self, data: bytes, *, timeout: float, method: str = "POST") -> Response:
        """Send a request and wait for its response."""
        sent = self.send(data, timeout=timeout)
        response = self.begin(method, timeout=timeout)
        with _as_no_response(timeout):
            body = response.read()
        foreign = canary.words(body) - self._words if self._words else set()
        required(not foreign, "the response has what another request sent")
        return Response(response.status, response.headers, body, time.monotonic() - sent)

    def begin(self, method: str, *, timeout: float) -> http.client.HTTPResponse:
        """Wait for the head of the response."""
        self.socket.settimeout(timeout)
        response = http.client.HTTPResponse(self.socket, method=method)
        with _as_no_response(timeout):
            response.begin()
        return response

    def ends(self, *, timeout: float) -> bool:
        """Whether the container closes the connection within the time."""
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


@contextlib.contextmanager
def _as_no_response(timeout: float) -> Any:
    try:
        yield
    except TimeoutError as error:
        raise TooLate(f"no response within {timeout:g} s") from error
    except (OSError, http.client.HTTPException) as error:
        raise NoResponse(f"no response: {type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class Client:
    """Requests to one address.

    Attributes:
        new_socket: makes the socket, so that it can come from the container's own network.
    """

    host: str
    port: int
    new_socket: Callable[[], socket.socket] = socket.socket

    def connect(self, *, timeout: float = 10) -> Connection:
        """Connect, and measure how long that took."""
        sock = self.new_socket()
        sock.settimeout(timeout)
        began = time.monotonic()
        try:
            sock.connect((self.host, self.port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            raise NoResponse(f"no connection to port {self.port}: {error}") from error
        return Connection(sock, time.monotonic() - began)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Headers | None = None,
        *,
        timeout: float,
    ) -> Response:
        """Send one request on a connection of its own."""
        with self.connect() as connection:
            data = request_bytes(method, path, body, {"Connection": "close", **(headers or {})})
            try:
                return connection.exchange(data, timeout=timeout, method=method)
            except NoResponse as error:
                raise type(error)(f"{method} {path}: {error}") from error


def request_bytes(
    method: str, path: str, body: bytes | None = None, headers: Headers | None = None
) -> bytes:
    """Make the bytes of a request; its Content-Length is added, unless headers say otherwise."""
    return request_head(method, path, body, headers) + (body or b"")


def request_head(
    method: str, path: str, body: bytes | None = None, headers: Headers | None = None
) -> bytes:
    """Make the bytes of a request's head alone."""
    attributes = {"X-Amzn-SageMaker-Custom-Attributes": canary.ATTRIBUTES}
    fields = {
        "Host": "container",
        **(attributes if method == "POST" else {}),
        **(headers or {}),
    }
    if body is not None and "Transfer-Encoding" not in fields:
        fields["Content-Length"] = str(len(body))
    sent = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *sent, "", ""]).encode("latin-1")
