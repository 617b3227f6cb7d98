"""One archive of a multi-model endpoint on one instance, and what becomes of a request for it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Spent = list[tuple[str, float]]
"""Seconds by the name of the metric that tells them."""


class RefusedError(Exception):
    """The container, or the instance's disk, has no room for a model or cannot load it."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass(eq=False)
class Model:
    """One archive. `name` is what the container knows it by: an opaque identifier.

    users: how many requests hold it; changing: held by whoever loads or evicts it.
    """

    target: str
    name: str
    bytes: int = 0
    on_disk: bool = False
    loaded: bool = False
    users: int = 0
    changing: threading.Lock = field(default_factory=threading.Lock)


def timed(name: str, work: Callable[[], None]) -> tuple[str, float]:
    """Do the work; its metric's name, and how many seconds it took."""
    started = time.perf_counter()
    work()
    return name, time.perf_counter() - started
