"""Copies of requests for a shadow variant; they delay no response.

After the developer guide's page on shadow variants. Its share of the requests is its own weight
over the production variant's, all of them at most.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

import httpx

from localaws.sagemaker import metrics
from localaws.sagemaker.instance import Instance
from localaws.sagemaker.runtime_api import Reply
from localaws.sagemaker.variant import Variant
from localaws.scope import Scope

MOST_COPIES = 64
"""The most copies in flight of an endpoint; others are dropped. AWS documents no number."""

Ask = Callable[[Instance, dict[str, str], bytes], Awaitable[Reply]]


class Mirror:
    """Sends the copies by `ask`. It belongs to one event loop."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._copies: set[asyncio.Task[None]] = set()
        self._in_flight: Counter[tuple[Scope, str]] = Counter()

    def copy(
        self, scope: Scope, endpoint: str, variant: Variant, headers: dict[str, str], body: bytes
    ) -> None:
        """Send the same request to the variant's shadow variant, with the shadow's probability."""
        shadow = variant.shadow
        if shadow is None or random.random() * variant.weight >= shadow.weight:  # noqa: S311
            return
        if self._in_flight[scope, endpoint] >= MOST_COPIES:
            return
        self._in_flight[scope, endpoint] += 1
        task = asyncio.create_task(self._send(scope, endpoint, shadow, headers, body))
        self._copies.add(task)
        task.add_done_callback(partial(self._ended, (scope, endpoint)))

    def _ended(self, of: tuple[Scope, str], task: asyncio.Task[None]) -> None:
        self._copies.discard(task)
        self._in_flight[of] -= 1

    async def _send(
        self, scope: Scope, endpoint: str, shadow: Variant, headers: dict[str, str], body: bytes
    ) -> None:
        instance = shadow.admit()
        if instance is None:
            return
        try:
            reply = await self._ask(instance, headers, body)
        except httpx.ConnectError:
            return  # the instance has just died
        finally:
            instance.leave()
        metrics.count_invocation(
            metrics.Subject(scope, endpoint, shadow.program.label, shadow.config),
            status=reply.status or 500,
            instances=len(shadow.instances),
            model_seconds=reply.seconds,
            overhead_seconds=0.0,
        )
