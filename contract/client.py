"""An HTTP client that calls a container as SageMaker does, with its socket at hand."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract.assertions import Failed

Headers = Mapping[str, str]


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
            raise Failed(f"the response is no JSON: {self.body[:80]!r}") from error

    def __str__(self) -> str:
        return f"{self.status} {self.body[:80].decode(errors='replace')}".strip()


class Connection:
    """A connection to the container; its socket serves cases that HTTP does not allow for.

    Attributes:
        seconds: how long the connection took to be accepted.
    """

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.socket = sock
        self.seconds = seconds

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes, *, timeout: float) -> float:
        """Send all, or what a server that has answered already lets through; return when."""
        self.socket.settimeout(timeout)
        # It may have answered (413) and shut its side; the response is what counts.
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.socket.sendall(data)
        return time.monotonic()

    def receive(self, method: str, *, timeout: float, sent: float | None = None) -> Response:
        """Wait for the response to the request that was sent."""
        began = sent or time.monotonic()
        response = self.begin(method, timeout=timeout)
        with _as_no_response(timeout):
            body = response.read()
            return Response(response.status, response.headers, body, time.monotonic() - began)

    def begin(self, method: str, *, timeout: float) -> http.client.HTTPResponse:
        """Wait for the head of the response."""
        self.socket.settimeout(timeout)
        response = http.client.HTTPResponse(self.socket, method=method)
        with _as_no_response(timeout):
            response.begin()
        return response

    def ends(self, *, timeout: float) -> bool:
        """Whether the other side closes it within the time."""
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
        raise TooLate(f"no answer within {timeout:g} s") from error
    except (OSError, http.client.HTTPException) as error:
        raise NoResponse(f"no answer: {type(error).__name__}: {error}") from error


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
            sent = connection.send(data, timeout=timeout)
            try:
                return connection.receive(method, timeout=timeout, sent=sent)
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
    fields = {"Host": "container", **(headers or {})}
    if body is not None and "Transfer-Encoding" not in fields:
        fields["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
