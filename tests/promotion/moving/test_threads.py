from collections.abc import Iterator
from itertools import islice
from threading import Barrier, Lock, Semaphore

import pytest

from promotion.moving.threads import PARALLEL, in_parallel, read_ahead

CHUNKS = [bytes([number]) for number in range(50)]


def test_chunks_that_are_read_ahead_come_in_their_order() -> None:
    assert list(read_ahead(iter(CHUNKS), 8)) == CHUNKS
    assert list(read_ahead(iter([]), 8)) == []


def test_an_empty_chunk_is_not_the_end() -> None:
    assert list(read_ahead(iter([b"", b"more"]), 1)) == [b"", b"more"]


def test_no_more_than_so_many_chunks_are_read_ahead() -> None:
    read, count = Semaphore(0), 0

    def counted() -> Iterator[bytes]:
        nonlocal count
        for chunk in CHUNKS:
            count += 1
            read.release()
            yield chunk

    chunks = read_ahead(counted(), 8)
    assert list(islice(chunks, 3)) == CHUNKS[:3]
    for _ in range(3 + 8):
        assert read.acquire(timeout=30)
    assert count == 3 + 8


def test_what_reading_raises_comes_at_its_place() -> None:
    def broken() -> Iterator[bytes]:
        yield from CHUNKS[:3]
        raise ConnectionError("gone")

    came: list[bytes] = []
    with pytest.raises(ConnectionError, match="gone"):
        came.extend(read_ahead(broken(), 8))
    assert came == CHUNKS[:3]


def test_who_leaves_early_ends_the_reading() -> None:
    read: list[bytes] = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(b"x")
            yield b"x"

    chunks = read_ahead(endless(), 8)
    next(chunks)
    chunks.close()
    assert len(read) <= 1 + 8


def test_results_come_in_the_order_of_the_things_whichever_is_done_first() -> None:
    meeting = Barrier(PARALLEL)

    def later(number: int) -> int:
        meeting.wait(timeout=30)
        return number * 10

    assert in_parallel(range(PARALLEL), later) == [10 * number for number in range(PARALLEL)]
    assert in_parallel([], later) == []


def test_what_has_not_begun_when_one_fails_never_does() -> None:
    begun, lock, meeting = list[int](), Lock(), Barrier(PARALLEL)

    def fail(number: int) -> None:
        with lock:
            begun.append(number)
        if number < PARALLEL:
            meeting.wait(timeout=30)
        raise ConnectionError(f"gone at {number}")

    with pytest.raises(ConnectionError, match="gone at"):
        in_parallel(range(1000), fail)
    assert sorted(begun) == list(range(PARALLEL))
