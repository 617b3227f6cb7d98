"""Which worker gets which call, and what becomes of calls whose worker ends.

The workers here are no processes: a test is the other end of their sockets.
"""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.config import Settings
from berth_serving.errors import RequestError
from berth_serving.frames import Channel
from berth_serving.front import children, process, workers
from berth_serving.front.call import Reply
from berth_serving.front.metrics import Metrics
from berth_serving.front.pool import Pool
from berth_serving.in_work import InWork, Step

KILLER = b"killer"


class Worker:
    """What Popen makes here: it answers, and ends, when it is told to."""

    _pids = count(1)

    def __init__(
        self,
        _: Sequence[str],
        pass_fds: Sequence[int],
        start_new_session: bool,
        env: Mapping[str, str],
    ) -> None:
        assert start_new_session
        self.pid = next(self._pids)
        self._socket = socket.socket(fileno=os.dup(pass_fds[0]))
        self._channel = Channel(self._socket)
        self._in_work = InWork(os.dup(pass_fds[1]))
        self._status: int | None = None
        self.ready = False
        self.silent = False
        self.stopped = False
        self.calls: dict[int, bytes] = {}
        """Those it has, with their bodies."""
        self._computed: list[int] = []
        self.seen: list[bytes] = []
        """The bodies of all that it has been given."""
        self.lost: list[bytes] = []
        """Of those that were in work when it ended."""

    @property
    def alive(self) -> bool:
        return self._status is None

    def tell(self, kind: str, body: bytes = b"", **head: Any) -> None:
        self._channel.send({"kind": kind, **head}, body)

    def load(self) -> None:
        self.ready = True
        self.tell("ready", canary=False, mixes=False)

    def beat(self) -> None:
        if self.ready and not self.silent:
            self.tell("beat")

    def receive(self) -> None:
        for head, body in self._channel.receive(wait=False):
            if head["kind"] == "request":
                self.calls[head["id"]] = body
                self.seen.append(body)
                self.work()
            elif head["kind"] == "cancel":
                self.calls.pop(head["id"], None)  # which may be in work yet

    def work(self, most: int = 1) -> None:
        """Note what is computed now: the first of its calls, or several."""
        ids = list(self.calls)[:most]
        if ids != self._computed:
            self._computed = ids
            self._in_work.begin(Step.COMPUTE, ids) if ids else self._in_work.end(Step.COMPUTE)

    def answer(self) -> None:
        """Answer the first of its calls."""
        number = next(iter(self.calls))
        self.tell("response", self.calls.pop(number), id=number, content_type="text/plain")
        self.work()

    def begin_stream(self) -> None:
        number = next(iter(self.calls))
        self.tell("response", id=number, content_type="text/plain", more=True)

    def compute(self) -> None:
        """Do the first of its calls, which may end it."""
        if next(iter(self.calls.values())).startswith(KILLER):
            self.end()
        else:
            self.answer()

    def kill(self) -> None:
        """Be killed from outside, with all that it has in work."""
        self.work(most=2)
        self.end(-signal.SIGKILL)

    def end(self, status: int = 3) -> None:
        if self.alive:
            self._status = status
            self.lost = [self.calls[each] for each in self._computed if each in self.calls]
            self.calls.clear()
            self._socket.close()

    # What the front asks of a process

    def wait(self) -> int:
        assert self._status is not None
        return self._status


class Bench:
    """A pool and its workers, all that were ever started, in order."""

    def __init__(self, patch: pytest.MonkeyPatch, size: int) -> None:
        self.workers: list[Worker] = []
        self.failures: list[str | None] = []
        self.refuses = 0
        """How many starts the machine refuses from now on."""
        self.looked_at: set[int] = set()
        """The processes of which it was asked whether they were stopped."""
        self.asked: list[asyncio.Task[Reply]] = []
        self.loop = asyncio.get_running_loop()
        patch.setattr(process, "Popen", self._start)
        patch.setattr(children, "end_group", lambda leader: self._by_pid(leader).end(-9))
        patch.setattr(children, "is_stopped", self._is_stopped)
        self.pool = Pool(
            Settings(),
            [{} for _ in range(size)],
            metrics=Metrics(),
            on_failure=lambda pool: self.failures.append(pool.failure),
        )

    def _start(self, *arguments: Any, **more: Any) -> Worker:
        if self.refuses:
            self.refuses -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        self.workers.append(Worker(*arguments, **more))
        return self.workers[-1]

    def _is_stopped(self, pid: int) -> bool:
        self.looked_at.add(pid)
        return self._by_pid(pid).stopped

    def _by_pid(self, pid: int) -> Worker:
        return next(worker for worker in self.workers if worker.pid == pid)

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.alive]

    def ask(self, body: bytes, seconds: float = 60) -> "asyncio.Task[Reply]":
        deadline = self.loop.time() + seconds
        self.asked.append(asyncio.ensure_future(self.pool.ask({}, body, deadline)))
        return self.asked[-1]

    def let_pass(self, patch: pytest.MonkeyPatch, seconds: float) -> None:
        """Put the clock forward."""
        now = self.loop.time
        patch.setattr(self.loop, "time", lambda: now() + seconds)

    async def turn(self) -> None:
        """Let the front see what the workers have said, and these what it has."""
        for _ in range(8):
            for worker in self.alive:
                worker.beat()
                worker.receive()
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await self.turn()

    async def ready(self, *workers: Worker) -> None:
        """Have the workers load, and the pool know it."""
        for worker in workers:
            worker.load()
        await self.until(lambda: self.pool.ready)
        await self.turn()

    async def started(self, number: int) -> Worker:
        """Wait for the start of the nth worker, the first being 0."""
        await self.until(lambda: len(self.workers) > number)
        return self.workers[number]

    def has(self, body: bytes) -> Worker | None:
        """The worker that has the call."""
        return next((each for each in self.alive if body in each.calls.values()), None)

    async def given(self, body: bytes) -> Worker:
        """Wait until a worker has the call."""
        await self.until(lambda: self.has(body))
        worker = self.has(body)
        assert worker is not None
        return worker

    async def answered(self, body: bytes) -> Worker:
        """Ask, and have it answered by whoever gets it."""
        asked = self.ask(body)
        worker = await self.given(body)
        worker.answer()
        await self.until(asked.done)
        assert asked.result().body == body
        return worker

    async def until_done(self, *asked: "asyncio.Task[Reply]") -> None:
        """Have every worker load and compute until these are answered."""
        async with asyncio.timeout(60):
            while not all(each.done() for each in asked):
                for worker in self.alive:
                    if not worker.ready:
                        worker.load()
                    elif worker.calls:
                        worker.compute()
                await self.turn()


async def refusal(asked: "asyncio.Task[Reply]") -> tuple[int, str, str]:
    with pytest.raises(RequestError) as caught:
        await asked
    return caught.value.status, caught.value.code, caught.value.message


Scene = Callable[[Bench], Awaitable[None]]


def play(size: int, scene: Scene, kind: type[Bench] = Bench) -> None:
    """Play a scene with a pool of so many workers."""

    async def run() -> None:
        with pytest.MonkeyPatch.context() as patch:
            bench = kind(patch, size)
            try:
                await scene(bench)
            finally:
                for worker in bench.workers:
                    worker.end()
                await bench.pool.stop()
                await asyncio.gather(*bench.asked, return_exceptions=True)

    asyncio.run(run())


ENDED = (500, "worker_ended", "its worker has ended: the worker ended with status 3")
KNOWN = "a request with this body has lately ended a worker"


# A worker's end


def test_a_request_that_ends_its_worker_alone_fails_and_is_not_tried_again() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(KILLER)
        first = await bench.given(KILLER)
        (last,) = (worker for worker in bench.workers if worker is not first)
        first.compute()
        assert await refusal(asked) == ENDED
        replacement = await bench.started(2)
        for number in range(10):
            assert await bench.answered(b"%d" % number) is last
        await bench.ready(replacement)
        assert KILLER not in last.seen + replacement.seen

    play(2, scene)


def test_what_waits_behind_a_killer_is_no_suspect() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        for body in (KILLER, b"a", b"b", b"c"):
            bench.ask(body)
            await bench.given(body)
        first, last = bench.has(KILLER), bench.has(b"a")
        assert first is not None
        assert last is not None
        (behind,) = (body for body in first.calls.values() if body != KILLER)
        first.compute()
        last.answer()
        assert await bench.given(behind) is last  # and does not wait for another

    play(2, scene)


def test_what_has_ended_a_worker_is_known_again_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        waiting = [bench.ask(KILLER) for _ in range(7)]  # four of them with the workers
        (await bench.given(KILLER)).compute()
        assert await refusal(waiting[0]) == ENDED
        other = await bench.given(KILLER)
        await bench.until(lambda: len(other.calls) == 1)  # the one that it computes
        for asked in waiting[2:]:
            assert (await refusal(asked))[:2] == (500, "worker_ended")
        other.answer()
        for _ in range(3):
            assert (await refusal(bench.ask(KILLER)))[2] == KNOWN
        await bench.answered(b"a")
        bench.let_pass(monkeypatch, 301)
        asked = bench.ask(KILLER)
        await bench.until_done(asked)
        assert (await refusal(asked))[2] != KNOWN  # as it was given to a worker

    play(2, scene)


def test_a_known_killer_of_another_content_type_is_another_request() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(KILLER)
        (await bench.given(KILLER)).compute()
        assert await refusal(asked) == ENDED
        head = {"content_type": "text/csv"}
        asked = asyncio.ensure_future(bench.pool.ask(head, KILLER, bench.loop.time() + 60))
        (await bench.given(KILLER)).answer()
        assert (await asked).body == KILLER

    play(2, scene)


def test_what_is_given_up_and_ends_its_worker_is_known_too() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(KILLER)
        worker = await bench.given(KILLER)
        await bench.turn()
        asked.cancel()
        await bench.turn()
        worker.end()
        await bench.started(2)
        assert (await refusal(bench.ask(KILLER)))[2] == KNOWN

    play(2, scene)


def test_what_is_the_same_as_a_suspect_is_a_suspect() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = [bench.ask(KILLER)]
        first = await bench.given(KILLER)
        (last,) = (worker for worker in bench.workers if worker is not first)
        first.kill()
        replacement = await bench.started(2)
        asked += [bench.ask(KILLER) for _ in range(3)]
        await bench.answered(b"a")
        await bench.ready(replacement)
        cell = await bench.given(KILLER)
        asked += [bench.ask(KILLER) for _ in range(3)]
        await bench.turn()
        cell.end()
        for each in asked:
            assert (await refusal(each))[:2] == (500, "worker_ended")
        assert sum(worker.seen.count(KILLER) for worker in bench.workers) == 2
        assert KILLER not in last.seen

    play(2, scene)


def test_what_waits_behind_one_that_may_hang_is_computed_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        bodies = [b"a", b"b", b"c", b"d"]
        asked = [bench.ask(body) for body in bodies]
        first = await bench.given(b"a")
        await bench.given(b"d")
        (other,) = (worker for worker in bench.workers if worker is not first)
        other.answer()
        other.answer()
        bench.let_pass(monkeypatch, 5)
        await bench.until(lambda: len(other.calls) == 1)
        other.answer()
        for _ in range(9):
            assert await bench.answered(b"e") is other
        assert len(first.calls) == 1
        first.answer()
        assert [(await each).body for each in asked] == bodies

    play(2, scene)


def test_what_is_the_same_as_one_that_may_hang_waits_for_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = [bench.ask(KILLER, seconds=100)]
        first = await bench.given(KILLER)
        await bench.turn()
        bench.let_pass(monkeypatch, 5)
        await bench.until(lambda: bench.pool._workers.slow)
        asked += [bench.ask(KILLER, seconds=100) for _ in range(3)]
        await bench.answered(b"a")
        bench.let_pass(monkeypatch, 60)
        for each in asked:
            assert (await refusal(each))[1] == "worker_ended"
        assert not first.alive
        assert sum(worker.seen.count(KILLER) for worker in bench.workers) == 1

    play(2, scene)


def test_suspects_are_tried_one_at_a_time_each_alone_in_its_worker() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        bodies = [b"a", b"b", b"c", b"d"]  # two for each: they are not mixed
        asked = [bench.ask(body) for body in bodies]
        for body in bodies:
            await bench.given(body)
        first = bench.has(b"a")
        assert first is not None
        suspects = list(first.calls.values())
        first.kill()
        cell = await bench.started(2)
        more = [bench.ask(body) for body in (b"e", b"f", b"g")]
        await bench.ready(cell)
        for suspect in suspects:
            assert await bench.given(suspect) is cell
            for _ in range(5):
                await bench.turn()
                assert list(cell.calls.values()) == [suspect]
            cell.answer()
        await bench.until_done(*asked, *more)
        assert [(await each).body for each in asked] == bodies

    play(2, scene)


def test_what_was_in_work_beside_a_killer_is_answered() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        bodies = [KILLER, b"a", b"b", b"c"]
        asked = [bench.ask(body) for body in bodies]
        for body in bodies:
            await bench.given(body)
        first = bench.has(KILLER)
        assert first is not None
        first.work(most=2)
        await bench.until_done(*asked)
        assert await refusal(asked[0]) == ENDED
        assert [(await each).body for each in asked[1:]] == bodies[1:]
        assert len(bench.workers) == 4  # it has ended two

    play(2, scene)


def test_a_worker_that_is_silent_is_not_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(b"a")
        first = await bench.given(b"a")
        bench.ask(b"b")
        other = await bench.given(b"b")
        other.silent = other.stopped = True
        first.kill()
        replacement = await bench.started(2)
        bench.let_pass(monkeypatch, 3.5)
        await bench.ready(replacement)
        assert await bench.answered(b"c") is replacement
        assert b"a" not in other.seen + replacement.seen
        other.silent = other.stopped = False
        other.answer()
        (await bench.given(b"a")).answer()
        assert (await asked).body == b"a"

    play(2, scene)


def test_a_worker_that_cannot_beat_as_native_code_holds_the_lock_is_given_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(b"a", seconds=100)
        worker = await bench.given(b"a")
        await bench.turn()
        worker.silent = True
        bench.let_pass(monkeypatch, Settings().hang_seconds - 5)
        await bench.until(lambda: worker.pid in bench.looked_at)
        assert worker.alive
        assert bench.pool.healthy
        worker.answer()
        assert (await asked).body == b"a"
        bench.let_pass(monkeypatch, Settings().hang_seconds + 1)
        await bench.until(lambda: not worker.alive)

    play(1, scene)


def test_a_worker_that_was_stopped_is_replaced_and_its_call_tried_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(b"a")
        worker = await bench.given(b"a")
        await bench.turn()
        worker.silent = worker.stopped = True
        bench.let_pass(monkeypatch, 7)
        await bench.until(lambda: not worker.alive)
        await bench.until_done(asked)
        assert (await asked).body == b"a"

    play(2, scene)


def test_a_suspect_whose_worker_ends_again_is_the_cause_even_if_nothing_is_noted() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(b"a")
        for number in range(2):
            worker = await bench.given(b"a")
            worker.work(most=0)
            worker.end()
            await bench.ready(await bench.started(2 + number))
        assert await refusal(asked) == ENDED

    play(2, scene)


def test_no_new_session_is_given_to_a_worker_that_tries_a_suspect() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        bench.ask(b"a")
        (await bench.given(b"a")).kill()
        await bench.ready(await bench.started(2))
        cell = await bench.given(b"a")
        worker = bench.pool.worker()
        asked = asyncio.ensure_future(bench.pool.ask({"session": "s"}, b"b", 1e9, worker))
        assert await bench.given(b"b") is not cell
        asked.cancel()

    play(2, scene)


def test_a_suspect_that_begins_to_stream_leaves_room_for_others() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(b"a")
        (await bench.given(b"a")).kill()
        await bench.ready(await bench.started(2))
        cell = await bench.given(b"a")
        cell.begin_stream()
        reply = await asked
        bodies = [b"b", b"c", b"d"]
        for body in bodies:
            bench.ask(body)
        for body in bodies:
            await bench.given(body)
        assert len(cell.calls) == 2
        cell.end()
        assert reply.chunks is not None
        with pytest.raises(RequestError, match="its worker has ended"):
            await anext(reply.chunks)

    play(2, scene)


def test_a_suspect_is_late_at_its_deadline() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(b"a", seconds=0.5)
        (await bench.given(b"a")).kill()
        await bench.started(2)  # and never ready
        await bench.until(asked.done)
        assert (await refusal(asked))[:2] == (504, "deadline_exceeded")
        assert bench.pool.calls == 0

    play(2, scene)


# One worker


def test_the_only_workers_killer_ends_it_once() -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        await bench.ready(only)
        asked = bench.ask(KILLER)
        await bench.given(KILLER)
        only.compute()
        assert await refusal(asked) == ENDED
        replacement = await bench.started(1)
        await bench.ready(replacement)
        await bench.answered(b"a")
        assert replacement.seen == [b"a"]

    play(1, scene)


def test_what_the_only_worker_had_beside_a_killer_is_answered_by_its_replacement() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = {body: bench.ask(body) for body in (b"a", KILLER, b"b")}
        await bench.until_done(*asked.values())
        assert await refusal(asked[KILLER]) == ENDED
        assert [(await asked[body]).body for body in (b"a", b"b")] == [b"a", b"b"]

    play(1, scene)


def test_what_was_given_up_and_is_computed_yet_is_not_blamed_on_the_next() -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        await bench.ready(only)
        given_up, asked = bench.ask(KILLER), bench.ask(b"a")
        await bench.given(b"a")
        given_up.cancel()
        await bench.until(lambda: list(only.calls.values()) == [b"a"])
        only.kill()
        replacement = await bench.started(1)
        await bench.ready(replacement)
        (await bench.given(b"a")).answer()
        assert (await asked).body == b"a"

    play(1, scene)


def test_the_only_worker_tries_no_suspect_while_another_start_would_make_others_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        await bench.ready(only)
        suspects = [bench.ask(b"a"), bench.ask(b"b")]
        await bench.given(b"b")
        only.kill()
        replacement = await bench.started(1)
        others = [bench.ask(body, seconds=50) for body in (b"c", b"d", b"e")]
        await bench.turn()
        bench.let_pass(monkeypatch, 30)  # so long does it load: another start is 10 s too many
        await bench.ready(replacement)
        while not all(each.done() for each in (*suspects, *others)):
            if replacement.calls:
                replacement.answer()
            await bench.turn()
        assert replacement.seen == [b"c", b"d", b"e", b"a", b"b"]

    play(1, scene)


def test_the_only_worker_tries_suspects_first_where_what_waits_has_the_time() -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        await bench.ready(only)
        asked = [bench.ask(b"a"), bench.ask(b"b")]
        await bench.given(b"b")
        only.kill()
        replacement = await bench.started(1)
        asked += [bench.ask(body) for body in (b"c", b"d")]
        await bench.ready(replacement)
        while not all(each.done() for each in asked):
            assert len(replacement.calls) <= 1 or list(replacement.calls.values()) == [b"c", b"d"]
            if replacement.calls:
                replacement.answer()
            await bench.turn()
        assert replacement.seen == [b"a", b"b", b"c", b"d"]

    play(1, scene)


# What is let in


def measured(worker: Worker, seconds_per_token: float) -> None:
    """Have the worker say what a token costs."""
    worker.tell(
        "batch",
        tokens=1000,
        seconds=0.1,
        items=1,
        seconds_per_token=seconds_per_token,
        measured=1e9,
        next_tokens=1000,
    )


def opened(worker: Worker, tokens: int) -> None:
    """Have the worker count the tokens of the latest of its calls."""
    worker.tell("opened", id=list(worker.calls)[-1], tokens=tokens)


def test_an_idle_worker_takes_a_request_whatever_it_is_said_to_cost() -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        await bench.ready(only)
        measured(only, 10.0)
        await bench.turn()
        for _ in range(3):
            await bench.answered(bytes(100))
        bench.ask(bytes(100))
        await bench.given(bytes(100))
        assert (await refusal(bench.ask(bytes(100))))[:2] == (503, "busy")  # something waits

    play(1, scene)


def test_a_large_request_that_cannot_end_in_time_is_refused_once_its_tokens_are_known() -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        await bench.ready(only)
        measured(only, 0.01)
        await bench.turn()
        asked = bench.ask(b"a")
        await bench.given(b"a")
        opened(only, 50_000)
        assert (await refusal(asked))[:2] == (503, "busy")
        await bench.until(lambda: not only.calls)
        await bench.answered(b"b")

    play(1, scene)


def test_a_small_request_is_computed_however_wrong_the_measured_cost() -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        await bench.ready(only)
        measured(only, 10.0)
        await bench.turn()
        asked = bench.ask(b"a")
        await bench.given(b"a")
        opened(only, 100)
        await bench.turn()
        only.answer()
        assert (await asked).body == b"a"

    play(1, scene)


def test_small_requests_are_let_in_beside_a_large_one_that_they_pass() -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        only.ready = True
        only.tell("ready", canary=False, mixes=True)
        await bench.until(lambda: bench.pool.ready)
        measured(only, 0.001)
        await bench.turn()
        asked = [bench.ask(b"large")]
        await bench.given(b"large")
        opened(only, 59_000)
        await bench.turn()
        for number in range(3):
            asked.append(bench.ask(b"%d" % number))
            await bench.given(b"%d" % number)
        while only.calls:
            only.answer()
            await bench.turn()
        await asyncio.gather(*asked)

    play(1, scene)


def test_what_no_worker_has_begun_by_its_deadline_may_be_sent_again() -> None:
    async def scene(bench: Bench) -> None:
        (only,) = bench.workers
        await bench.ready(only)
        bench.ask(b"a")
        bench.ask(b"b")
        waiting = bench.ask(b"c", seconds=0.3)
        await bench.given(b"b")
        await bench.until(waiting.done)
        assert (await refusal(waiting))[:2] == (503, "busy")

    play(1, scene)


# Starts that come to nothing


def test_starts_that_are_given_nothing_and_end_come_to_nothing() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        await bench.turn()
        bench.workers[0].end()
        for number in range(1, 6):
            (await bench.started(number)).end()
        await bench.until(lambda: bench.failures)
        assert bench.failures == ["the worker ended with status 3"]

    play(1, scene)


def test_a_start_that_the_machine_refuses_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_RETRY_SECONDS", 0.0)

    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        bench.refuses = 3
        bench.workers[0].end()
        worker = await bench.started(1)
        assert bench.refuses == 0
        await bench.ready(worker)
        assert not bench.failures

    play(1, scene)


def test_requests_that_kill_do_not_end_the_pool_however_many() -> None:
    async def scene(bench: Bench) -> None:
        for number in range(20):
            worker = await bench.started(number)
            worker.load()
            body = KILLER + b"%d" % number
            await bench.until(lambda: bench.pool.ready)
            asked = bench.ask(body)
            (await bench.given(body)).compute()
            assert await refusal(asked) == ENDED
        assert not bench.failures
        await bench.ready(await bench.started(20))
        await bench.answered(b"a")

    play(1, scene)


# Whatever comes

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from([b"innocent", KILLER])),
        st.tuples(st.sampled_from(["compute", "load", "leave"]), st.integers(0, 5)),
    ),
    max_size=40,
)


class Witness(Bench):
    """Sees to it at each turn that a suspect is alone, and that another worker goes on."""

    def __init__(self, patch: pytest.MonkeyPatch, size: int) -> None:
        super().__init__(patch, size)
        self.size = size
        self.suspects: set[bytes] = set()
        self._ready: set[Worker] = set()  # when last seen

    async def turn(self) -> None:
        before = self._tried()
        await super().turn()
        ready = {worker for worker in self.alive if worker.ready}
        tried = self._tried()
        assert len(tried) <= 1
        for worker, bodies in tried.items():
            assert len(bodies) == 1
            others = (self._ready | ready) - {worker}
            assert others or self.size == 1 or before.get(worker) == bodies
        self._ready = ready

    def _tried(self) -> dict[Worker, list[bytes]]:
        """What the workers have that have a suspect."""
        ended = [worker for worker in self.workers if not worker.alive]
        for worker in ended:
            self.suspects.update(worker.lost)
        calls = {worker: list(worker.calls.values()) for worker in self.alive}
        return {each: bodies for each, bodies in calls.items() if self.suspects & set(bodies)}


@given(size=st.integers(1, 3), steps=STEPS)
def test_killers_alone_fail_and_suspects_are_alone_and_never_on_the_last(
    size: int, steps: list[tuple[str, Any]]
) -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        bodies: list[bytes] = []
        for step, what in steps:
            able = [worker for worker in bench.alive if worker.ready and worker.calls]
            loading = [worker for worker in bench.alive if not worker.ready]
            waiting = [task for task in bench.asked if not task.done()]
            match step:
                case "ask":
                    bodies.append(what + b"%d" % len(bodies))
                    bench.ask(bodies[-1])
                case "compute" if able:
                    able[what % len(able)].compute()
                case "load" if loading:
                    loading[what % len(loading)].load()
                case "leave" if waiting:
                    waiting[what % len(waiting)].cancel()
            await bench.turn()
        await bench.until_done(*bench.asked)
        for body, task in zip(bodies, bench.asked, strict=True):
            if task.cancelled():
                continue
            if body.startswith(KILLER):
                assert await refusal(task) == ENDED
            else:
                assert (await task).body == body
            assert sum(worker.lost[:1] == [body] for worker in bench.workers) <= 2
        assert not bench.failures

    play(size, scene, Witness)
