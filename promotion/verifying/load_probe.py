"""The requests of a verification: each golden case once, then their inputs at a stated rate."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from promotion.evidence import Latency
from promotion.verifying.calling import Endpoint, FailedError
from promotion.verifying.golden import Case, Found
from promotion.verifying.latency import figures, measure
from promotion.verifying.responses import UnreadableError, spans
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

    def __init__(
        self, endpoint: Endpoint, cases: Sequence[Case], stopped: Event, on_step: OnStep
    ) -> None:
        self._endpoint, self._cases, self._stopped = endpoint, cases, stopped
        self._bodies = [json.dumps(case.input, ensure_ascii=False).encode() for case in cases]
        self._on_step = on_step
        self.requests, self.failures = 0, list[str]()

    def golden_set(self) -> list[Found]:
        """What the model finds in each case."""
        found = []
        with ThreadPoolExecutor(_GOLDEN_CALLERS) as pool:
            try:
                for spans_found in pool.map(self._spans, self._bodies):
                    found.append(spans_found)
                    self._on_step("golden set", len(found), len(self._bodies))
            except BaseException:
                self._stopped.set()  # else the pool sends the rest
                raise
        self.requests += len(found)
        return found

    def at_a_rate(self, wanted: VerifySettings) -> Latency | None:
        """The latency of the cases' inputs, sent over and over; None where none was answered."""
        if not self._bodies:
            return None
        rate, seconds = wanted.requests_per_second, wanted.seconds
        requests, answered = measure(
            lambda number: self._send(self._bodies[number % len(self._bodies)]) is not None,
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

    def _spans(self, body: bytes) -> Found:
        response = self._send(body)
        try:
            return spans(response) if response is not None else None
        except UnreadableError as failure:
            self.failures.append(str(failure))
            return None
