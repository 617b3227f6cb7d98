from collections.abc import Iterator
from itertools import islice
from threading import Semaphore

import pytest

from promotion.moving.reading import read_ahead

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
