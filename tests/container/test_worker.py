import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from threading import Event, get_ident
from typing import TypeVar

import pytest

from serving.errors import RequestError
from serving.logs import JsonFormatter, request_fields
from serving.worker import Worker

T = TypeVar("T")
WAIT_SECONDS = 30


def run(
    story: Callable[[Worker[list[int]]], Awaitable[T]],
    *,
    load: Callable[[], list[int]] = list,
    capacity: int = 2,
) -> T:
    """Tell a story of a worker, which is started before and stopped after it."""

    async def main() -> T:
        worker = Worker(load, capacity=capacity, on_failure=lambda: None)
        worker.start()
        try:
            return await asyncio.wait_for(story(worker), WAIT_SECONDS)
        finally:
            worker.stop()

    return asyncio.run(main())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def refused(work: Awaitable[object]) -> tuple[int, str, str | None]:
    with pytest.raises(RequestError) as caught:
        await work
    return caught.value.status, caught.value.code, caught.value.headers.get("Retry-After")


def test_all_work_is_done_by_the_thread_that_loaded() -> None:
    async def story(worker: Worker[list[int]]) -> list[int]:
        await until(lambda: worker.ready)
        return [await worker.run(lambda model: model[0]), await worker.run(lambda _: get_ident())]

    loaded_by, done_by = run(story, load=lambda: [get_ident()])
    assert loaded_by == done_by != get_ident()


def test_until_it_is_ready_it_takes_nothing() -> None:
    gate = Event()

    async def story(worker: Worker[list[int]]) -> tuple[int, str, str | None]:
        try:
            return await refused(worker.run(len))
        finally:
            gate.set()

    assert run(story, load=lambda: [gate.wait()]) == (503, "not_ready", "1")


def test_beyond_its_capacity_it_takes_nothing_and_then_again() -> None:
    gate = Event()

    async def story(worker: Worker[list[int]]) -> None:
        await until(lambda: worker.ready)
        taken = [asyncio.create_task(worker.run(lambda _: gate.wait())) for _ in range(2)]
        await until(lambda: worker.pending == 2)
        assert await refused(worker.run(len)) == (503, "busy", "1")
        gate.set()
        assert await asyncio.gather(*taken) == [True, True]
        assert await worker.run(len) == 0

    run(story)


def test_a_failure_of_the_work_is_raised_and_ends_nothing() -> None:
    async def story(worker: Worker[list[int]]) -> None:
        await until(lambda: worker.ready)
        with pytest.raises(IndexError):
            await worker.run(lambda model: model[0])
        assert await worker.run(len) == 0

    run(story)


def test_a_failure_to_load_is_kept() -> None:
    def load() -> list[int]:
        raise ImportError("no such thing")

    async def story(worker: Worker[list[int]]) -> None:
        await until(lambda: worker.failure is not None)
        assert isinstance(worker.failure, ImportError)
        assert not worker.ready

    run(story, load=load)


def test_when_the_thread_ends_all_that_waits_is_told() -> None:
    gate = Event()

    async def story(worker: Worker[list[int]]) -> None:
        await until(lambda: worker.ready)
        ends = asyncio.create_task(worker.run(lambda _: sys.exit(bool(gate.wait()))))
        await until(lambda: worker.pending == 1)
        waits = asyncio.create_task(worker.run(len))
        await until(lambda: worker.pending == 2)
        gate.set()
        assert await refused(ends) == await refused(waits) == (503, "not_ready", "1")
        assert not worker.ready
        assert isinstance(worker.failure, SystemExit)

    run(story)


def test_what_was_given_up_is_counted_and_not_computed() -> None:
    gate = Event()
    done: list[int] = []

    async def story(worker: Worker[list[int]]) -> None:
        await until(lambda: worker.ready)
        first = asyncio.create_task(worker.run(lambda _: gate.wait()))
        await until(lambda: worker.pending == 1)
        second = asyncio.create_task(worker.run(lambda _: done.append(2)))
        await until(lambda: worker.pending == 2)
        second.cancel()
        await until(lambda: worker.pending == 1)
        gate.set()
        await first
        await worker.run(lambda _: done.append(3))
        assert worker.abandoned == 1

    run(story)
    assert done == [3]


def test_what_the_model_logs_carries_the_request() -> None:
    async def story(worker: Worker[list[int]]) -> str:
        await until(lambda: worker.ready)
        request_fields.set({"request_id": "7"})
        record = logging.makeLogRecord({"msg": "from the model", "levelname": "INFO"})
        return await worker.run(lambda _: JsonFormatter().format(record))

    assert '"message": "from the model", "request_id": "7"' in run(story)
