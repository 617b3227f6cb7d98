"""A worker process as the front sees it."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from subprocess import Popen

from ..errors import RequestError
from ..frames import Head, Link
from ..model_metrics import ModelMetrics
from .call import Call

CANARY = -1
_SILENT_SECONDS = 3.0  # six missed beats
_CANARY_SECONDS = 1.0
_BATCHES = 4  # one in work, the next to be opened, and some for what is short
_CALLS = 2  # where they are not mixed in batches


class WorkerProcess:
    """Starts a worker, sends it calls and hands out its answers, until it ends.

    The attributes belong to the event loop: `ready`; `calls` that it has not answered;
    `tokens`, what these cost; `seconds_per_token` as it has learned, which
    holds for up to `measured` tokens; `proved` and `proved_at`,
    whether and when it has answered the canary (or, having none, shown life); `used`, whether a
    call was ever sent to it; `reason`, why it ended, and `final`, whether it would again.

    Args:
        environment: of the process.
        on_opened: called when it has counted what a call costs.
        on_batch: called with tokens, seconds and items of each batch that was computed.
        on_model_metrics: called with the model metrics of the texts answered since the last call.
        on_ready, on_room, on_end: called when it is ready, may have room for another call, and is
            gone.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        on_opened: Callable[[Call], None],
        on_batch: Callable[[int, float, int], None],
        on_model_metrics: Callable[[ModelMetrics], None],
        on_ready: Callable[["WorkerProcess"], None],
        on_room: Callable[[], None],
        on_end: Callable[["WorkerProcess"], None],
    ) -> None:
        self.ready = False
        self.final = False
        self.reason = ""
        self.calls: dict[int, Call] = {}
        self.tokens = 0.0
        self.seconds_per_token = 0.0
        self.measured = 0.0
        self.slowest_batch = 0.0
        self.proved_at = 0.0
        self.proved = False
        self.used = False
        self.canary_since: float | None = None
        self.computing_since: float | None = None
        self._given_up_at: float | None = None
        self._has_canary = False
        self._heard_at = 0.0
        self._on_opened, self._on_batch, self._on_model_metrics = (
            on_opened,
            on_batch,
            on_model_metrics,
        )
        self._on_ready, self._on_room, self._on_end = on_ready, on_room, on_end
        self._batch_tokens = 1
        self._held = 0.0  # tokens of its calls, of each those that a batch may have
        self._mixes = False
        self._loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        self._process = Popen(
            [sys.executable, "-P", "-m", "serving.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment,
        )
        theirs.close()
        self._ended = asyncio.Event()
        self._link = Link(self._take, self._ended.set)
        self._life = asyncio.ensure_future(self._live(ours))

    @property
    def has_room(self) -> bool:
        """Whether it should be given another call: it has less than the next batches hold.

        A call of more than a batch counts for one: the worker does it in parts, between others.
        """
        if not self.calls:
            return True
        if not self._mixes:
            return len(self.calls) < _CALLS
        return self._held < _BATCHES * self._batch_tokens

    @property
    def is_empty(self) -> bool:
        """Whether the worker computes nothing, not even a call that was cancelled."""
        return not self.calls and self._given_up_at is None

    @property
    def is_to_blame(self) -> bool:
        """Whether exactly one call is in work here, so that it is the cause if the worker ends."""
        return len(self.calls) == 1 and self._given_up_at is None

    @property
    def streams(self) -> bool:
        """Whether it is sending a response in chunks."""
        return any(call.streams for call in self.calls.values())

    @property
    def tries_suspect(self) -> bool:
        """Whether a suspect is, or may be, in work of which no part of the response has come."""
        suspected = any(call.suspect and not call.streams for call in self.calls.values())
        return suspected or self._given_up_at is not None

    def send(self, call: Call) -> None:
        """Send a call to the worker; the worker's response sets the call's reply."""
        self.used = True
        self.calls[call.id] = call
        self.tokens += call.tokens
        self._hold(call)
        self._link.send({"kind": "request", "id": call.id, **call.head}, call.body)

    def _hold(self, call: Call) -> None:
        call.held = min(call.tokens, self._batch_tokens)
        self._held += call.held

    def cancel(self, call: Call) -> None:
        """Cancel a call whose client no longer waits for the response."""
        if call.id in self.calls:
            self._given_up_at = self._loop.time()
            self._leave(call)
            self._link.send({"kind": "cancel", "id": call.id})

    def forget(self, session: str) -> None:
        """Have the worker drop the state of a session that has ended."""
        self._link.send({"kind": "forget", "session": session})

    def ask_canary(self) -> None:
        """Send the model's own example as a request, unless one is under way."""
        if self._has_canary and self.canary_since is None:
            self.canary_since = self._loop.time()
            self._link.send({"kind": "request", "id": CANARY})

    def canary_is_due(self) -> bool:
        """Whether it is time to ask for the canary again."""
        asked = self.canary_since is not None
        return self.ready and not asked and self._loop.time() - self.proved_at > _CANARY_SECONDS

    def is_proved(self, patience: float) -> bool:
        """Whether it has answered a request or the example within the last `patience` seconds."""
        now = self._loop.time()
        heard = now - self._heard_at < _SILENT_SECONDS
        return self.ready and heard and now - self.proved_at < patience

    def hangs(self, limit: float) -> bool:
        """Whether it computes one batch for longer than the limit, or says nothing at all."""
        now = self._loop.time()
        computes = self.computing_since is not None and now - self.computing_since > limit
        return self.ready and (computes or now - self._heard_at > 2 * _SILENT_SECONDS)

    def kill(self) -> None:
        """Kill the worker."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def stop(self) -> None:
        """Stop the worker after its present work; kill it if that takes over a second."""
        self._link.send({"kind": "stop"})
        _, late = await asyncio.wait([self._life], timeout=1.0)
        if late:
            self.kill()
            await self._life

    async def _live(self, connection: socket.socket) -> None:
        await self._loop.create_unix_connection(lambda: self._link, sock=connection)
        await self._ended.wait()
        self.ready = False
        self._link.close()
        self.kill()
        status = await self._loop.run_in_executor(None, self._process.wait)
        self.reason = self.reason or _ending(status)
        self._on_end(self)

    def _take(self, head: Head, body: bytes) -> None:
        self._heard_at = self._loop.time()
        match head["kind"]:
            case "beat":
                since = head["computing_since"]
                # time.monotonic and the loop's time are the same clock on Linux.
                self.computing_since = since
                # What was given up is over when a batch has begun since, or none is computed.
                if since is None or (self._given_up_at is not None and since > self._given_up_at):
                    self._given_up_at = None
                if not self._has_canary:
                    self.proved, self.proved_at = True, self._heard_at
                if "model_metrics" in head:
                    self._on_model_metrics(ModelMetrics(**head["model_metrics"]))
            case "opened":
                if (call := self.calls.get(head["id"])) is not None:
                    self.tokens += head["tokens"] - call.tokens
                    call.tokens = head["tokens"]
                    self._held -= call.held
                    self._hold(call)
                    self._on_opened(call)
            case "batch":
                self.seconds_per_token = head["seconds_per_token"]
                self._batch_tokens = head["next_tokens"]
                self.measured = head["measured"]
                self.slowest_batch = max(0.9 * self.slowest_batch, head["seconds"])
                self._on_batch(head["tokens"], head["seconds"], head["items"])
            case "ready":
                self._has_canary, self._mixes = head["canary"], head["mixes"]
                self.ready = True
                self.proved_at = self._heard_at
                self._on_ready(self)
            case "failed":
                self.reason, self.final = head["reason"], head["final"]
            case _ if head["id"] == CANARY:
                self._take_canary(head)
            case _:
                self._take_response(head, body)

    def _take_canary(self, head: Head) -> None:
        if head["kind"] == "answer":
            self.proved, self.proved_at = True, self._heard_at
        if not head.get("more"):
            self.canary_since = None

    def _take_response(self, head: Head, body: bytes) -> None:
        call = self.calls.get(head["id"])
        if call is None:
            return
        more = head.get("more", False)
        if not more:
            self._leave(call)
        match head["kind"]:
            case "error":
                call.fail(_error(head))
            case "answer":
                call.answer(head, body)
                if more:
                    self._on_room()
            case "chunk":
                call.continue_with(body if more else None)

    def _leave(self, call: Call) -> None:
        del self.calls[call.id]
        self.tokens -= call.tokens
        self._held -= call.held
        self._on_room()


def _error(head: Head) -> RequestError:
    return RequestError(
        head["status"],
        head["code"],
        head["message"],
        where=head["where"],
        headers=head["headers"],
    )


def _ending(status: int) -> str:
    if status < 0:
        return f"the worker was ended by {signal.Signals(-status).name}"
    return f"the worker ended with status {status}"
