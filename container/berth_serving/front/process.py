"""A worker process as the front sees it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import Popen

from ..errors import RequestError
from ..frames import Head, Link
from ..in_work import InWork
from ..model_metrics import ModelMetrics
from . import children
from .call import Call
from .health import Health

CANARY = -1
_SAFE = ["-P"] if sys.version_info >= (3, 11) else []
_SERVER = str(Path(__file__).parents[2])  # and not the front's packages: the model has its own
_STOPPED_SECONDS = 6.0
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
        given_up: those that were cancelled, until they are no longer in work.
        seconds_per_token: the cost of a token, as the worker has measured it.
        measured: up to how many tokens that cost is known to hold.
        slowest_batch: the seconds of the slowest of the latest batches.
        health: what its answers say; a worker without an example proves itself by its heartbeat.
        mixes: whether it computes several calls at once.
        used: whether a call was ever sent to it.
        reason: why it ended.
        was_killed: whether another process has ended it: nothing that it had in work, perhaps.
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
        self.health = Health()
        self.used = False
        self.was_killed = False
        self.given_up: dict[int, Call] = {}
        self._in_work = InWork()
        self._has_canary = False
        self._on_opened, self._on_batch = on_opened, on_batch
        self._on_model_metrics, self._on_ready = on_model_metrics, on_ready
        self._on_room, self._on_end = on_room, on_end
        self._batch_tokens = 1
        self._held = 0.0  # the tokens of its calls, each call counted as a batch at most
        self.mixes = False
        self._loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        passed = [theirs.fileno(), self._in_work.descriptor]
        self._process = Popen(
            [sys.executable, *_SAFE, "-m", "berth_serving.worker", *map(str, passed)],
            pass_fds=passed,
            start_new_session=True,  # and so a process group, which ends whole
            env={**environment, "PYTHONPATH": _SERVER},
        )
        theirs.close()
        os.close(self._in_work.descriptor)  # the memory stays mapped
        children.workers.add(self._process.pid)
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
        if not self.mixes:
            return len(self.calls) < _CALLS
        return self._held < _BATCHES * self._batch_tokens

    @property
    def in_work(self) -> set[int]:
        """The ids of what it has in work now: what has ended it, if it has ended by itself."""
        ids = self._in_work.ids
        return {*self.calls, *self.given_up} if ids is None else ids

    @property
    def calls_in_work(self) -> list[Call]:
        """The calls in work, also those that were cancelled."""
        calls = self.given_up | self.calls
        return [calls[each] for each in self.in_work if each in calls]

    @property
    def is_empty(self) -> bool:
        """Whether the worker computes nothing, not even a call that was cancelled."""
        return not self.calls and not self.in_work

    @property
    def streams(self) -> bool:
        """Whether it is sending a response in chunks."""
        return any(call.streams for call in self.calls.values())

    @property
    def tries_suspect(self) -> bool:
        """Whether it computes, or may compute, a suspect without a part of its response so far."""
        suspected = any(call.suspect and not call.streams for call in self.calls.values())
        return suspected or bool(self.in_work - {*self.calls, CANARY})

    def send(self, call: Call) -> None:
        """Send a call to the worker; the worker's response sets the call's reply."""
        self.used = True
        self.health.ask()
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
            self.given_up[call.id] = call
            self._leave(call)
            if not self.in_work:
                self.health.settle(waits=bool(self.calls))
            self._link.send({"kind": "cancel", "id": call.id})

    def take_back(self) -> list[Call]:
        """Cancel the calls that only this worker need not compute, and are not in work yet."""
        in_work = self.in_work
        back = [
            call
            for call in self.calls.values()
            if call.id not in in_work and not call.streams and "session" not in call.head
        ]
        for call in back:
            del self.calls[call.id]
            self.tokens -= call.tokens
            self._held -= call.held
            self._link.send({"kind": "cancel", "id": call.id})
        return back

    def forget(self, session: str) -> None:
        """Have the worker drop the state of a session that has ended."""
        self._link.send({"kind": "forget", "session": session})

    def ask_canary(self) -> None:
        """Send the model's own example as a request, unless one is under way."""
        if self._has_canary and not self.health.canary:
            self.health.ask(canary=True)
            self._link.send({"kind": "request", "id": CANARY})

    def computes(self, seconds: float) -> bool:
        """Whether it has computed one batch for so long."""
        since = self._in_work.since
        # time.monotonic, by which the worker notes it, and the loop's time are one clock on Linux.
        return since > 0 and self._loop.time() - since > seconds

    def is_proved(self, patience: float) -> bool:
        """Whether it responds, and lets nobody wait for an answer for `patience` seconds."""
        health = self.health
        # A call into native code may hold Python's lock, without which no heartbeat is sent.
        alive = not health.is_silent() or (self._in_work.since > 0 and not self._is_stopped)
        return self.ready and alive and not health.waits(patience)

    def hangs(self, limit: float) -> bool:
        """Whether it computes one batch or is silent for longer than the limit, or was stopped."""
        if not self.ready:
            return False
        if self.health.is_silent(_STOPPED_SECONDS) and self._is_stopped:
            self.was_killed = True
            return True
        return self.computes(limit) or self.health.is_silent(limit)

    @property
    def _is_stopped(self) -> bool:
        return children.is_stopped(self._process.pid)

    def kill(self) -> None:
        """Kill the worker and all that it has started."""
        children.end_group(self._process.pid)

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
        children.workers.discard(self._process.pid)
        signalled = f"the worker was ended by {signal.Signals(-status).name}" if status < 0 else ""
        self.was_killed |= status == -signal.SIGKILL and not self.reason
        self.reason = self.reason or signalled or f"the worker ended with status {status}"
        self._on_end(self)

    def _take(self, head: Head, body: bytes) -> None:
        self.health.heard_at = self._loop.time()
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
                self._has_canary, self.mixes = head["canary"], head["mixes"]
                self.ready = True
                self._on_ready(self)
            case "failed":
                self.reason, self.final = head["reason"], head["final"]
            case kind if head["id"] == CANARY:
                if not head.get("more", False):
                    ok, waits = kind != "error", bool(self.calls)
                    self.health.take_canary(succeeded=ok, waits=waits)
            case _:
                self._take_response(head, body)

    def _take_beat(self, head: Head) -> None:
        if self.given_up:
            in_work = self.in_work
            self.given_up = {each: call for each, call in self.given_up.items() if each in in_work}
        if not self._has_canary:
            self.health.prove(waits=False)
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
                error = RequestError(**head["error"])
                self.health.settle(waits=bool(self.calls), doubted=error.status >= 500)
                call.fail(error)
            case "response":
                self.health.prove(waits=bool(self.calls))
                call.take_reply(head, body)
                if more:
                    self._on_room()
            case "chunk":
                self.health.prove(waits=bool(self.calls))
                call.continue_with(body if more else None)

    def _leave(self, call: Call) -> None:
        del self.calls[call.id]
        self.tokens -= call.tokens
        self._held -= call.held
        self._on_room()
