"""A worker process as the front sees it."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import Popen

from ..errors import RequestError
from ..frames import Head, Link
from ..model_metrics import ModelMetrics
from .call import Call

CANARY = -1
_SAFE = ["-P"] if sys.version_info >= (3, 11) else []
_SERVER = str(Path(__file__).parents[2])  # and not the front's packages: the model has its own
_SILENT_SECONDS = 3.0  # six missed heartbeats
_CANARY_SECONDS = 1.0
_BATCHES = 4  # one that is computed, the next one, and some to choose small calls from
_CALLS = 2  # if the model takes one request at a time


class WorkerProcess:
    """Starts a worker, sends it calls and sets their replies, until it ends.

    Args:
        environment: the environment of the process.
        on_opened: called when the worker has counted the tokens of a call.
        on_batch: called with tokens, seconds and items of each batch.
        on_model_metrics: called with the model metrics since the last call.
        on_ready: called when the worker is ready.
        on_room: called when the worker may have room for another call.
        on_end: called when the worker has ended.

    Attributes:
        ready: whether it has loaded the model.
        calls: the calls without a reply.
        tokens: the cost of these calls.
        seconds_per_token: the cost of a token, as the worker has measured it.
        measured: up to how many tokens that cost is known to hold.
        slowest_batch: the seconds of the slowest of the latest batches.
        proved, proved_at: whether and when it has answered the canary, the model's own example;
            a worker without an example proves itself by its heartbeat.
        used: whether a call was ever sent to it.
        reason: why it ended.
        final: whether another start would end in the same way.
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
        self._canary_is_asked = False
        self._computing_since: float | None = None
        self._cancelled_at: float | None = None  # a call that may still be computed
        self._has_canary = False
        self._heard_at = 0.0
        self._on_opened, self._on_batch = on_opened, on_batch
        self._on_model_metrics, self._on_ready = on_model_metrics, on_ready
        self._on_room, self._on_end = on_room, on_end
        self._batch_tokens = 1
        self._held = 0.0  # the tokens of its calls, each call counted as a batch at most
        self._mixes = False
        self._loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        self._process = Popen(
            [sys.executable, *_SAFE, "-m", "berth_serving.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**environment, "PYTHONPATH": _SERVER},
        )
        theirs.close()
        self._ended = asyncio.Event()
        self._link = Link(self._take, self._ended.set)
        self._life = asyncio.ensure_future(self._live(ours))

    @property
    def has_room(self) -> bool:
        """Whether it should get another call: it has fewer tokens than its next batches hold.

        A call of more than a batch counts as one: it is computed in parts, between other calls.
        """
        if not self.calls:
            return True
        if not self._mixes:
            return len(self.calls) < _CALLS
        return self._held < _BATCHES * self._batch_tokens

    @property
    def is_empty(self) -> bool:
        """Whether the worker computes nothing, not even a call that was cancelled."""
        return not self.calls and self._cancelled_at is None

    @property
    def is_to_blame(self) -> bool:
        """Whether exactly one call is in work here, so that it is the cause if the worker ends."""
        return len(self.calls) == 1 and self._cancelled_at is None

    @property
    def streams(self) -> bool:
        """Whether it is sending a response in chunks."""
        return any(call.streams for call in self.calls.values())

    @property
    def tries_suspect(self) -> bool:
        """Whether it computes, or may compute, a suspect without a part of its response so far."""
        suspected = any(call.suspect and not call.streams for call in self.calls.values())
        return suspected or self._cancelled_at is not None

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
            self._cancelled_at = self._loop.time()
            self._leave(call)
            self._link.send({"kind": "cancel", "id": call.id})

    def forget(self, session: str) -> None:
        """Have the worker drop the state of a session that has ended."""
        self._link.send({"kind": "forget", "session": session})

    def ask_canary(self) -> None:
        """Send the model's own example as a request, unless one is under way."""
        if self._has_canary and not self._canary_is_asked:
            self._canary_is_asked = True
            self._link.send({"kind": "request", "id": CANARY})

    def canary_is_due(self) -> bool:
        """Whether it is time to send the example again."""
        late = self._loop.time() - self.proved_at > _CANARY_SECONDS
        return self.ready and not self._canary_is_asked and late

    def is_proved(self, patience: float) -> bool:
        """Whether it has proved itself within the last `patience` seconds."""
        now = self._loop.time()
        heard = now - self._heard_at < _SILENT_SECONDS
        return self.ready and heard and now - self.proved_at < patience

    def hangs(self, limit: float) -> bool:
        """Whether it computes one batch for longer than the limit, or sends no heartbeat."""
        now = self._loop.time()
        computes = self._computing_since is not None and now - self._computing_since > limit
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
        signalled = f"the worker was ended by {signal.Signals(-status).name}" if status < 0 else ""
        self.reason = self.reason or signalled or f"the worker ended with status {status}"
        self._on_end(self)

    def _take(self, head: Head, body: bytes) -> None:
        self._heard_at = self._loop.time()
        match head["kind"]:
            case "beat":
                self._take_beat(head)
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
            case kind if head["id"] == CANARY:
                if kind == "response":
                    self.proved, self.proved_at = True, self._heard_at
                self._canary_is_asked = head.get("more", False)
            case _:
                self._take_response(head, body)

    def _take_beat(self, head: Head) -> None:
        # time.monotonic, by which the worker reports, and the loop's time are one clock on Linux.
        since = self._computing_since = head["computing_since"]
        # A cancelled call is no longer computed once a later batch has begun, or none is computed.
        if since is None or (self._cancelled_at is not None and since > self._cancelled_at):
            self._cancelled_at = None
        if not self._has_canary:
            self.proved, self.proved_at = True, self._heard_at
        if "model_metrics" in head:
            self._on_model_metrics(ModelMetrics(**head["model_metrics"]))

    def _take_response(self, head: Head, body: bytes) -> None:
        call = self.calls.get(head["id"])
        if call is None:
            return
        more = head.get("more", False)
        if not more:
            self._leave(call)
        match head["kind"]:
            case "error":
                call.fail(RequestError(**head["error"]))
            case "response":
                call.take_reply(head, body)
                if more:
                    self._on_room()
            case "chunk":
                call.continue_with(body if more else None)

    def _leave(self, call: Call) -> None:
        del self.calls[call.id]
        self.tokens -= call.tokens
        self._held -= call.held
        self._on_room()
