"""Which worker gets which call, and what becomes of calls whose worker ends.

The workers here are no processes: a test is the other end of their sockets.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.config import Settings
from berth_serving.errors import RequestError
from berth_serving.frames import Channel
from berth_serving.front import process
from berth_serving.front.call import Reply
from berth_serving.front.metrics import Metrics
from berth_serving.front.pool import Pool

KILLER = b"killer"


class Worker:
    """What Popen makes here: it answers, and ends, when it is told to."""

    def __init__(self, _: Sequence[str], pass_fds: Sequence[int], env: Mapping[str, str]) -> None:
        self._socket = socket.socket(fileno=os.dup(pass_fds[0]))
        self._channel = Channel(self._socket)
        self._status: int | None = None
        self.ready = False
        self.silent = False
        self.computing_since: float | None = None
        self.calls: dict[int, bytes] = {}
        """Those it has, with their bodies."""
        self.seen: list[bytes] = []
        """The bodies of all that it has been given."""
        self.lost: list[bytes] = []
        """Of those that it had when it ended."""

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
            self.tell("beat", computing_since=self.computing_since)

    def receive(self) -> None:
        for head, body in self._channel.receive(wait=False):
            if head["kind"] == "request":
                self.calls[head["id"]] = body
                self.seen.append(body)
            elif head["kind"] == "cancel":
                self.calls.pop(head["id"], None)

    def answer(self) -> None:
        """Answer the first of its calls."""
        number = next(iter(self.calls))
        self.tell("response", self.calls.pop(number), id=number, content_type="text/plain")

    def begin_stream(self) -> None:
        number = next(iter(self.calls))
        self.tell("response", id=number, content_type="text/plain", more=True)

    def compute(self) -> None:
        """Do the first of its calls, which may end it."""
        if next(iter(self.calls.values())).startswith(KILLER):
            self.end()
        else:
            self.answer()

    def end(self, status: int = 3) -> None:
        if self.alive:
            self._status = status
            self.lost = list(self.calls.values())
            self.calls.clear()
            self._socket.close()

    # What the front asks of a process

    def send_signal(self, number: int) -> None:
        self.end(-number)

    def wait(self) -> int:
        assert self._status is not None
        return self._status


class Bench:
    """A pool and its workers, all that were ever started, in order."""

    def __init__(self, patch: pytest.MonkeyPatch, size: int) -> None:
        self.workers: list[Worker] = []
        self.failures: list[str | None] = []
        self.asked: list[asyncio.Task[Reply]] = []
        self.loop = asyncio.get_running_loop()
        patch.setattr(process, "Popen", self._start)
        self.pool = Pool(
            Settings(),
            [{} for _ in range(size)],
            metrics=Metrics(),
            on_failure=lambda pool: self.failures.append(pool.failure),
        )

    def _start(self, *arguments: Any, **more: Any) -> Worker:
        self.workers.append(Worker(*arguments, **more))
        return self.workers[-1]

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


# Two workers


def test_a_suspect_waits_for_the_replacement_while_others_are_answered() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(KILLER)
        first = await bench.given(KILLER)
        (last,) = (worker for worker in bench.workers if worker is not first)
        first.compute()
        replacement = await bench.started(2)
        for number in range(10):
            assert await bench.answered(b"%d" % number) is last
        assert KILLER not in last.seen
        await bench.ready(replacement)
        assert await bench.given(KILLER) is replacement
        replacement.compute()
        assert await refusal(asked) == ENDED
        assert KILLER not in last.seen
        assert last.alive
        await bench.ready(await bench.started(3))
        assert not bench.failures

    play(2, scene)


def test_a_suspect_that_is_none_is_answered() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        asked = bench.ask(b"innocent")
        (await bench.given(b"innocent")).end(-signal.SIGKILL)
        await bench.ready(await bench.started(2))
        (await bench.given(b"innocent")).answer()
        assert (await asked).body == b"innocent"

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
        first.end()
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
        other.silent = True
        first.end()
        replacement = await bench.started(2)
        bench.let_pass(monkeypatch, 3.5)
        await bench.ready(replacement)
        assert await bench.answered(b"c") is replacement
        assert b"a" not in other.seen + replacement.seen
        other.silent = False
        (await bench.given(b"a")).answer()
        assert (await asked).body == b"a"

    play(2, scene)


def test_no_new_session_is_given_to_a_worker_that_tries_a_suspect() -> None:
    async def scene(bench: Bench) -> None:
        await bench.ready(*bench.workers)
        bench.ask(b"a")
        (await bench.given(b"a")).end()
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
        (await bench.given(b"a")).end()
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
        (await bench.given(b"a")).end()
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
        only.computing_since = bench.loop.time()
        given_up.cancel()
        await bench.until(lambda: list(only.calls.values()) == [b"a"])
        only.end()
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
        only.end()
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
        only.end()
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
