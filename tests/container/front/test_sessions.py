"""Which worker has a session, and when it is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from berth_serving.errors import RequestError
from berth_serving.front.process import WorkerProcess
from berth_serving.front.sessions import Sessions


class Worker:
    """What a session needs of its worker."""

    def __init__(self) -> None:
        self.ready = True
        self.forgotten: list[str] = []

    def forget(self, session: str) -> None:
        self.forgotten.append(session)


def run(scene: Callable[[Sessions, Worker, str], Awaitable[None]], seconds: float = 60) -> None:
    """Play a scene with one session that is open."""

    async def play() -> None:
        sessions, worker = Sessions(seconds), Worker()
        await scene(sessions, worker, sessions.begin(cast(WorkerProcess, worker)))

    asyncio.run(play())


def refused(sessions: Sessions, session: str) -> bool:
    with pytest.raises(RequestError) as caught:
        sessions.worker(session)
    return (caught.value.status, caught.value.code) == (400, "no_such_session")


def test_a_session_stays_with_its_worker() -> None:
    async def scene(sessions: Sessions, worker: Worker, session: str) -> None:
        assert sessions.worker(session) is cast(WorkerProcess, worker)
        assert sessions.worker(session) is cast(WorkerProcess, worker)

    run(scene)


def test_a_session_whose_worker_has_ended_is_over() -> None:
    async def scene(sessions: Sessions, worker: Worker, session: str) -> None:
        worker.ready = False
        assert refused(sessions, session)
        worker.ready = True  # no other worker takes it over
        assert refused(sessions, session)
        assert worker.forgotten == []

    run(scene)


def test_a_session_that_is_closed_is_forgotten_by_its_worker() -> None:
    async def scene(sessions: Sessions, worker: Worker, session: str) -> None:
        sessions.end(session)
        assert worker.forgotten == [session]
        assert refused(sessions, session)
        assert refused(sessions, "another")

    run(scene)


def test_a_session_without_requests_is_closed() -> None:
    async def scene(sessions: Sessions, worker: Worker, session: str) -> None:
        while not worker.forgotten:  # by the loop's timer, which is due at once
            await asyncio.sleep(0)
        assert refused(sessions, session)

    run(scene, seconds=0)
