"""An endpoint's queue."""

from collections import deque
from dataclasses import dataclass, field

from localaws.sagemaker.asynchronous.request import Request


@dataclass
class Backlog:
    """The requests that wait, oldest first, and those that an instance works on."""

    waiting: deque[Request] = field(default_factory=deque)
    processing: set[Request] = field(default_factory=set)

    @property
    def size(self) -> int:
        """How many are not answered yet: AWS counts those in work, too."""
        return len(self.waiting) + len(self.processing)

    def age(self, now: float) -> float:
        """Seconds since the oldest of them came; 0 where there is none."""
        received = [one.received for one in (*self.waiting, *self.processing)]
        return now - min(received) if received else 0.0

    def take_expired(self, now: float) -> list[Request]:
        """Those that have waited for longer than they may, taken out."""
        expired = [one for one in self.waiting if now - one.received > one.ttl]
        for one in expired:
            self.waiting.remove(one)
        return expired
