"""The regular evaluation of schedules and policies, in a thread of its own."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from botocore.exceptions import BotoCoreError, ClientError

from localaws.autoscaling import evaluation, scheduled, variants
from localaws.autoscaling.registry import Registry, Target

_LOGGER = logging.getLogger("autoscaling")


class Scaler:
    """Scales the targets of a registry as their policies ask for."""

    def __init__(self, registry: Registry, *, clock: Callable[[], float] = time.time) -> None:
        self._registry, self._clock = registry, clock
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, seconds: float) -> None:
        """Evaluate every `seconds` until `stop`; a second call does nothing."""
        if self._thread is None:
            self._thread = Thread(
                target=self._run, args=(seconds,), name="autoscaling", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()

    def _run(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            self.step()

    def step(self) -> None:
        """Evaluate every target once; one that cannot be reached is left for the next time."""
        scheduled.carry_out(self._registry, self._clock())
        with self._registry.lock:
            targets = list(self._registry.targets.values())
        for target in targets:
            try:
                self._scale(target)
            except (ClientError, BotoCoreError):
                _LOGGER.exception("%s cannot be scaled now", target.key.resource_id)

    def _scale(self, target: Target) -> None:
        variant = variants.find(target.key)
        if variant is None or not variant.settled:
            return
        minimum, maximum = target.bounds
        if not minimum <= variant.desired <= maximum:
            bound, kind = (
                (minimum, "minimum") if variant.desired < minimum else (maximum, "maximum")
            )
            self._set(target, bound, f"{kind} capacity was set to {bound}")
            return
        with self._registry.lock:
            policies = self._registry.policies_of(target.key)
        now = self._clock()
        asks = [evaluation.asked(target, policy, variant.desired, now) for policy in policies]
        wanted = max((ask for ask in asks if ask), default=None)
        # Of several policies the one that asks for most capacity wins.
        if wanted:
            self._set(target, *wanted)

    def _set(self, target: Target, capacity: int, cause: str) -> None:
        start, what = self._clock(), variants.WHAT[target.key.dimension]
        outcome = (
            f"Successfully set {what} to {capacity}. Change successfully fulfilled by sagemaker."
        )
        failed = False
        try:
            variants.set_capacity(target.key, capacity)
        except ClientError as error:
            failed, outcome = True, f"Failed to set {what} to {capacity}. Reason: {error}"
        times = start, self._clock()
        described = f"Setting {what} to {capacity}"
        self._registry.record(target.key, described, cause, outcome, times, failed=failed)
