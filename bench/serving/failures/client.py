"""A client that keeps its connection, and says of every request what became of it."""

import contextlib
import http.client
import socket

HUNG_SECONDS = 60.0  # SageMaker's own limit


class BrokenError(Exception):
    """The connection could not be made, or ended before the answer was there."""


class HungError(Exception):
    """No answer within the time."""


class Client:
    """One connection to a server on this machine, made anew where it was lost."""

    def __init__(self, port: int, *, timeout: float = HUNG_SECONDS) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Send a request; the answer's status and body.

        Raises:
            BrokenError, HungError: when there is none.
        """
        if self._left():
            self.close()
        try:
            self._connection.request(method, path, body, headers or {})
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except TimeoutError as error:
            self.close()
            raise HungError from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise BrokenError(f"{type(error).__name__}: {error}") from error

    def _left(self) -> bool:
        """Whether the server has closed the connection since its last answer, as it may."""
        kept = self._connection.sock
        if kept is None:
            return False
        kept.settimeout(0)
        try:
            return kept.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            kept.settimeout(self._connection.timeout)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()


def raw(port: int, data: bytes, *, timeout: float) -> bytes:
    """Send bytes as they are; what comes back before the other side closes or the time is over.

    Raises:
        HungError: when nothing came, and the other side did not close either.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        try:
            return connection.recv(65536)
        except ConnectionError:
            return b""
        except TimeoutError as error:
            raise HungError from error
