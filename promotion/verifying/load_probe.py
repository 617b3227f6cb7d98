"""The requests of a verification: each golden case once, then their inputs at a stated rate."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from promotion.evidence import Latency
from promotion.verifying.calling import Endpoint, FailedError
from promotion.verifying.golden import GoldenSet
from promotion.verifying.latency import figures, measure
from promotion.verifying.responses import UnreadableError
from stacks.settings import VerifySettings

_GOLDEN_CALLERS = 4  # few, as the endpoint serves users at the same time

OnStep = Callable[[str, float, float], None]
"""Called with the name of a step, how much of it is done, and how much it is in all."""


class LoadProbe:
    """Sends requests to an endpoint until `stopped` is set.

    Attributes:
        requests: how many were sent.
        failures: for each request without a usable response, the reason.
    """

    def __init__(self, endpoint: Endpoint, stopped: Event, on_step: OnStep) -> None:
        self._endpoint, self._stopped, self._on_step = endpoint, stopped, on_step
        self.requests, self.failures = 0, list[str]()

    def answers(self, golden: GoldenSet, step: str) -> list[Any]:
        """What the model answers in each case; None where there is no readable response."""

        def one(body: bytes) -> Any:
            response = self._send(body)
            try:
                return golden.read(response) if response is not None else None
            except UnreadableError as failure:
                self.failures.append(str(failure))
                return None

        found = []
        with ThreadPoolExecutor(_GOLDEN_CALLERS) as pool:
            try:
                for answer in pool.map(one, bodies(golden)):
                    found.append(answer)
                    self._on_step(step, len(found), len(golden.cases))
            except BaseException:
                self._stopped.set()  # else the pool sends the rest
                raise
        self.requests += len(found)
        return found

    def at_a_rate(self, sent: Sequence[bytes], wanted: VerifySettings) -> Latency | None:
        """The latency of requests, sent over and over; None where none was answered."""
        if not sent:
            return None
        rate, seconds = wanted.requests_per_second, wanted.seconds
        requests, answered = measure(
            lambda number: self._send(sent[number % len(sent)]) is not None,
            requests_per_second=rate,
            seconds=seconds,
            stopped=self._stopped,
            on_end=lambda ended, total: self._on_step("latency", ended, total),
        )
        self.requests += requests
        return figures(requests, answered, requests_per_second=rate, seconds=seconds)

    def _send(self, body: bytes) -> bytes | None:
        if self._stopped.is_set():
            return None
        try:
            return self._endpoint.invoke(body)
        except FailedError as failure:
            self.failures.append(str(failure))
            return None


def bodies(golden: GoldenSet) -> list[bytes]:
    """The requests of a golden set."""
    return [json.dumps(case.input, ensure_ascii=False).encode() for case in golden.cases]
