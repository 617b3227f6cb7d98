"""Reading in other threads, with bounded memory."""

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Condition

from promotion.moving.parts import Part
from promotion.moving.s3 import S3Object

PARALLEL = 4


def read_in_parallel(
    source: S3Object, etag: str, parts: Iterable[Part], use: Callable[[Part, bytes], None]
) -> str:
    """Read an object's parts, PARALLEL at a time, and give each to `use`; the SHA-256 of all.

    No more than PARALLEL parts are in memory. `use` is called in the threads that read, in any
    order.

    Raises:
        MoveError: as `S3Object.read`, and what `use` raises.
    """
    whole = _InOrder()

    def move(part: Part) -> None:
        try:
            data = source.read(part, etag)
            if whole.update(part.number, data):
                use(part, data)
        except BaseException:
            whole.stop()
            raise

    with ThreadPoolExecutor(PARALLEL) as pool:
        # The pool begins them in order: whatever one waits for is being read or was.
        futures = [pool.submit(move, part) for part in parts]
        try:
            for future in futures:
                future.result()
        except BaseException:
            whole.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return whole.hexdigest()


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


class _InOrder:
    """A SHA-256 of parts that come in any order; a part waits for those before it."""

    def __init__(self) -> None:
        self._hash, self._next = hashlib.sha256(), 1
        self._stopped, self._turn = False, Condition()

    def update(self, number: int, data: bytes) -> bool:
        """False where another part has failed: there is nothing more to do."""
        with self._turn:
            self._turn.wait_for(lambda: self._stopped or self._next == number)
            if self._stopped:
                return False
            self._hash.update(data)
            self._next += 1
            self._turn.notify_all()
            return True

    def stop(self) -> None:
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
