"""Work in other threads, with bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from promotion.moving.parts import Part

PARALLEL = 4

T = TypeVar("T")


def in_parallel(parts: Iterable[Part], do: Callable[[Part], T]) -> list[T]:
    """What `do` returns for each part, PARALLEL at a time, each in a thread.

    Raises:
        Whatever `do` raises; what has not begun by then never does.
    """
    with ThreadPoolExecutor(PARALLEL) as pool:
        futures = [pool.submit(do, part) for part in parts]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    for future in futures:
        if not future.cancelled() and (error := future.exception()) is not None:
            raise error
    return [future.result() for future in futures]


def read_ahead(chunks: Iterator[bytes], count: int) -> Generator[bytes, None, None]:
    """The same chunks; while one is used, a thread reads and holds up to `count` more.

    Raises:
        Whatever `chunks` raises, at its place.
    """
    pool = ThreadPoolExecutor(1)
    ahead = deque(pool.submit(next, chunks, None) for _ in range(count))
    try:
        while (chunk := ahead.popleft().result()) is not None:
            ahead.append(pool.submit(next, chunks, None))
            yield chunk
    finally:
        pool.shutdown(cancel_futures=True)
