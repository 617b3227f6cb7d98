"""The emulator's registry, as one pushes to it without an engine."""

import base64
import http.client
from pathlib import Path

from localaws.home import HOST, LocalAwsError, default_home, healthy_port, write


def log_in(host: str, password: str) -> None:
    """Keep the token of a registry for the pushes to it."""
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    write(_login(host), token)


class Registry:
    """Takes account and region from the host's name. Raises LocalAwsError where nothing runs."""

    def __init__(self, host: str) -> None:
        port = healthy_port(default_home())
        if port is None:
            raise LocalAwsError("AWS on this machine is not running; start it: berth local up")
        self._host, self._port = host, port
        login = _login(host)
        self._login = {"Authorization": f"Basic {login.read_text()}"} if login.is_file() else {}

    def send(self, method: str, path: str, body: bytes, content_type: str) -> dict[str, str]:
        """One request; the answer's headers, names in lower case.

        Raises LocalAwsError where it is refused.
        """
        connection = http.client.HTTPConnection(HOST, self._port, timeout=60)
        try:
            headers = {"Host": self._host, "Content-Type": content_type} | self._login
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if answer.status >= 400:
            raise LocalAwsError(f"{self._host}: {method} {path}: {answer.status} {text}")
        return {name.lower(): value for name, value in answer.getheaders()}


def _login(host: str) -> Path:
    return default_home() / f"login-{host}"
