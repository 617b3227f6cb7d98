"""Work in other threads, a little of it at a time."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

PARALLEL = 4

T = TypeVar("T")
U = TypeVar("U")


def in_parallel(things: Iterable[T], do: Callable[[T], U]) -> list[U]:
    """What `do` returns for each thing, in their order; PARALLEL at a time, each in a thread.

    Raises:
        Whatever `do` raises; what has not begun by then never does.
    """
    stopped = Event()

    def unless_stopped(thing: T) -> U:
        if stopped.is_set():
            raise CancelledError
        try:
            return do(thing)
        except BaseException:
            stopped.set()
            raise

    with ThreadPoolExecutor(PARALLEL) as pool:
        futures = [pool.submit(unless_stopped, thing) for thing in things]
        try:
            wait(futures)
        except BaseException:
            stopped.set()
            raise
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, CancelledError):
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
