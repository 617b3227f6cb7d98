"""A real browser without a window, spoken to by the DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = "chromium"
WHY_NOT = (
    "chromium is not on PATH (Debian: apt-get install chromium; CI's .ci/chromium does so); what "
    "the page says is tested without it in test_page.py, only how it looks is not"
)


def is_here() -> bool:
    return shutil.which(CHROMIUM) is not None


class Tab:
    """One page, and what the browser reported of it, in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._sent, self._session = connection, 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        self._sent += 1
        session = {"sessionId": self._session} if self._session else {}
        message = {"id": self._sent, "method": method, "params": parameters, **session}
        self._connection.send(json.dumps(message))
        while (answer := self._next()).get("id") != self._sent:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, file: Path) -> None:
        """Open a page, and wait until it has loaded."""
        self.call("Page.navigate", url=file.as_uri())
        while "Page.loadEventFired" not in {event["method"] for event in self.events}:
            self._next()

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    def resize(self, width: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )

    def prefer(self, scheme: str = "light", media: str = "screen") -> None:
        scheme_wanted = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme_wanted])

    def reported(self, *methods: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event["method"] in methods]

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._connection.recv(timeout=60))
        if "method" in message:
            self.events.append(message)
        return message


@contextmanager
def browser(profile: Path) -> Iterator[ClientConnection]:
    """Chromium with an empty profile, until the block ends."""
    process = subprocess.Popen(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",  # which root cannot have; it opens nothing but our page
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr
            said = "DevTools listening on "
            addresses = (line.removeprefix(said) for line in process.stderr if said in line)
            with connect(next(addresses).strip(), max_size=None, proxy=None) as connection:
                yield connection
        finally:
            process.terminate()
