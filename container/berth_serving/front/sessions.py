"""Stateful sessions: which worker holds the state of a session, and until when.

SageMaker sends `X-Amzn-SageMaker-Session-Id: NEW_SESSION` for a new session and takes its id from
`New-Session-Id` of the response (AWS: "Stateful sessions", runtime_InvokeEndpoint).
"""

import asyncio
import secrets
from datetime import datetime, timedelta

from ..errors import RequestError
from ..pythons import UTC
from .process import WorkerProcess

NEW = "NEW_SESSION"


class Sessions:
    """The open sessions; one without a request for `seconds` is closed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open: dict[str, tuple[WorkerProcess, asyncio.TimerHandle]] = {}

    def begin(self, worker: WorkerProcess) -> str:
        """Open a session on a worker; return its id."""
        session = secrets.token_hex(16)
        self._keep(session, worker)
        return session

    def worker(self, session: str) -> WorkerProcess:
        """The worker that has the session's state; 400 if the session or its worker has ended."""
        worker, timer = self._open.get(session, (None, None))
        if worker is None or timer is None or not worker.ready:
            self.end(session)
            raise RequestError(400, "no_such_session", f"session {session[:64]!r} is not open")
        timer.cancel()
        self._keep(session, worker)
        return worker

    def end(self, session: str) -> None:
        """Close a session, if it is open."""
        if session in self._open:
            worker, timer = self._open.pop(session)
            timer.cancel()
            if worker.ready:
                worker.forget(session)

    @property
    def expires(self) -> str:
        """The time at which a session ends that gets no further request."""
        return f"{datetime.now(UTC) + timedelta(seconds=self._seconds):%Y-%m-%dT%H:%M:%SZ}"

    def _keep(self, session: str, worker: WorkerProcess) -> None:
        timer = asyncio.get_running_loop().call_later(self._seconds, self.end, session)
        self._open[session] = (worker, timer)
