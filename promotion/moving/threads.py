"""Work in other threads, a little of it at a time."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

PARALLEL = 4

T = TypeVar("T")
U = TypeVar("U")


def in_parallel(things: Iterable[T], do: Callable[[T], U]) -> list[U]:
    """What `do` returns for each thing, in their order; PARALLEL at a time, each in a thread.

    Raises what `do` raises first; no thing is begun after that.
    """
    failed: list[BaseException] = []

    def unless_failed(thing: T) -> U:
        if failed:
            raise failed[0]
        try:
            return do(thing)
        except BaseException as error:
            failed.append(error)
            raise

    with ThreadPoolExecutor(PARALLEL) as pool:
        futures = [pool.submit(unless_failed, thing) for thing in things]
        try:
            wait(futures)
        except BaseException as error:
            failed.append(error)
            raise
    return [future.result() for future in futures]


def read_ahead(chunks: Iterator[bytes], count: int) -> Generator[bytes, None, None]:
    """The same chunks; while one is used, a thread reads and holds up to `count` more.

    What `chunks` raises is raised at its place.
    """
    pool = ThreadPoolExecutor(1)
    ahead = deque(pool.submit(next, chunks, None) for _ in range(count))
    try:
        while (chunk := ahead.popleft().result()) is not None:
            ahead.append(pool.submit(next, chunks, None))
            yield chunk
    finally:
        pool.shutdown(cancel_futures=True)
