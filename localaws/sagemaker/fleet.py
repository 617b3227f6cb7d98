"""The instances of an endpoint's variants: started, watched, replaced and stopped."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from localaws.sagemaker import artifacts
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.instance import Instance, Program
from localaws.sagemaker.variant import Variant

PING_EVERY_SECONDS = 5.0
"""SageMaker's own interval (developer guide, your-algorithms-inference-code)."""

FAILED_PINGS = 3
"""How many in a row make an instance be replaced. AWS says "steadily" and gives no number."""

DRAIN_SECONDS = 65.0
"""No request outlives its 60 s, so no instance has to be waited for longer."""

_log = logging.getLogger("localaws.sagemaker")


class Fleet:
    """The instances of one deployment of an endpoint, by variant name."""

    def __init__(
        self,
        programs: Sequence[tuple[Program, float]],
        folder: Path,
        on_start: Callable[[Instance], None],
        config: str = "",
        shadow: str = "",
    ) -> None:
        """`shadow` is the variant that gets only copies of the production variant's requests."""
        self.variants = {
            program.label: Variant(program, weight, config) for program, weight in programs
        }
        self.shadow = shadow
        self.production = {name: one for name, one in self.variants.items() if name != shadow}
        for one in self.production.values():
            one.shadow = self.variants.get(shadow)
        self._folder = folder
        self._on_start = on_start
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._not_serving: set[Instance] = set()

    def choose(self, name: str | None) -> Variant | None:
        """The production variant of that name, or a random one by weight; None without one."""
        if name is not None:
            return self.production.get(name)
        candidates = list(self.production.values())
        weights = [one.weight for one in candidates]
        return random.choices(candidates, weights)[0] if any(weights) else None  # noqa: S311

    def scale(self, counts: dict[str, int]) -> None:
        """Bring each named variant to its number of healthy instances.

        New ones serve once they are healthy, surplus ones finish their requests first. Raises
        HostingError, and stops what it started, where one does not become healthy.
        """
        wanted = [
            self.variants[name]
            for name, count in counts.items()
            for _ in range(count - len(self.variants[name].instances))
        ]
        started: list[tuple[Variant, Instance]] = []
        failure: HostingError | None = None
        with ThreadPoolExecutor(max(1, len(wanted))) as pool:
            attempts = [(one, pool.submit(self._start, one.program)) for one in wanted]
        for variant, attempt in attempts:
            try:
                started.append((variant, attempt.result()))
            except HostingError as error:
                failure = failure or error
        if failure is not None:
            _stop_all([instance for _, instance in started])
            raise failure
        for variant, instance in started:
            self._serve(variant, instance)
        for name, count in counts.items():
            self._shrink(self.variants[name], count)

    def _start(self, program: Program) -> Instance:
        instance = Instance(program)
        with self._lock:
            self._not_serving.add(instance)
        self._on_start(instance)
        try:
            instance.wait_until_healthy(self._closing)
        except HostingError:
            instance.stop()
            raise
        finally:
            with self._lock:
                self._not_serving.discard(instance)
        return instance

    def _serve(self, variant: Variant, instance: Instance) -> None:
        with self._lock:
            variant.instances = (*variant.instances, instance)
        name = f"watch-{instance.id}"
        threading.Thread(
            target=self._watch, args=[variant, instance], name=name, daemon=True
        ).start()

    def _shrink(self, variant: Variant, count: int) -> None:
        with self._lock:
            leaving = variant.instances[count:]
            variant.instances = variant.instances[:count]
            self._not_serving.update(leaving)
        _drain_all(leaving)
        with self._lock:
            self._not_serving.difference_update(leaving)

    def _watch(self, variant: Variant, instance: Instance) -> None:
        """Ping an instance for as long as it serves; replace it when it dies or turns unhealthy."""
        failed = 0
        while failed < FAILED_PINGS and not instance.exited.wait(PING_EVERY_SECONDS):
            failed = 0 if instance.ping() else failed + 1
        attempt = 0
        while self._serves(variant, instance):
            cause = "died" if instance.exited.is_set() else "failed its health checks"
            _log.warning("instance %s %s: replacing it", instance.id, cause)
            instance.healthy = False
            try:
                fresh = self._start(variant.program)
            except HostingError as error:
                _log.warning("the replacement failed: %s", error)
                attempt += 1
                self._closing.wait(min(30, 2**attempt))
                continue
            with self._lock:
                present = instance in variant.instances
                others = tuple(one for one in variant.instances if one is not instance)
                variant.instances = others
            if present and not self._closing.is_set():
                self._serve(variant, fresh)
            else:
                fresh.stop()
            instance.stop()

    def _serves(self, variant: Variant, instance: Instance) -> bool:
        return not self._closing.is_set() and instance in variant.instances

    def instances(self) -> list[Instance]:
        """Every instance that starts, runs or leaves."""
        with self._lock:
            serving = [one for variant in self.variants.values() for one in variant.instances]
            return [*serving, *self._not_serving]

    def close(self, *, drain: bool) -> None:
        """Stop every instance, after its requests if `drain`, and delete the models."""
        self._closing.set()
        (_drain_all if drain else _stop_all)(self.instances())
        self.clear()

    def closes_within(self, seconds: float) -> bool:
        """Wait for the seconds, or until the fleet is closed; return whether it is."""
        return self._closing.wait(seconds)

    def ask_to_stop(self) -> None:
        """SIGTERM to every instance; its supervisor sends SIGKILL after the grace period."""
        self._closing.set()
        for instance in self.instances():
            instance.ask_to_stop()

    def end(self, deadline: float) -> None:
        """Give instances until `deadline` (monotonic) to end, and SIGKILL the rest.

        It is for the emulator's end, which does not wait for requests in flight.
        """
        for instance in self.instances():
            if not instance.exited.wait(max(0.0, deadline - time.monotonic())):
                instance.kill()
                instance.exited.wait(5)

    def clear(self) -> None:
        """Delete the models."""
        artifacts.remove(self._folder)


def _stop_all(instances: Sequence[Instance]) -> None:
    for instance in instances:
        instance.healthy = False
        instance.ask_to_stop()
    for instance in instances:
        instance.stop()


def _drain_all(instances: Sequence[Instance]) -> None:
    with ThreadPoolExecutor(max(1, len(instances))) as pool:
        list(pool.map(lambda one: one.drain(DRAIN_SECONDS), instances))
    _stop_all(instances)


@dataclass(frozen=True)
class Traffic:
    """Requests go to the new fleet by `shares`: a part (0 to 1) of each variant's requests."""

    old: Fleet
    new: Fleet
    shares: Mapping[str, float]

    def choose(self, name: str | None) -> Variant | None:
        """The variant of that name, or one drawn by weight, of one fleet or the other."""
        if all(share >= 1 for share in self.shares.values()):
            return self.new.choose(name)
        chosen = self.old.choose(name)
        if chosen is None:
            return None
        share = self.shares.get(chosen.program.label, 0)
        drawn = self.new if random.random() < share else self.old  # noqa: S311 - no secret
        return drawn.choose(chosen.program.label)
