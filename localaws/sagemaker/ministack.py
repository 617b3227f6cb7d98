"""What this package needs of MiniStack's insides, all of it here (pinned: ministack 1.5.33)."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ministack.core import responses
from ministack.services import cloudwatch, ecr

from localaws.scope import Scope


def scope() -> Scope:
    """The account and region of the request, or of the stack, that is being worked on."""
    return Scope(responses.get_account_id(), responses.get_region())


def record_metric(
    where: Scope,
    *,
    namespace: str,
    name: str,
    unit: str,
    dimensions: dict[str, str],
    counts: dict[float, int],
) -> None:
    """Store values, each with how often it was seen. Call it on the event loop.

    PutMetricData refuses nothing here, but its way through HTTP would cost more than the
    invocation it counts.
    """
    with _pinned(where):
        cloudwatch._store_datum(
            namespace,
            name,
            dimensions,
            responses.now_epoch(),
            unit,
            None,
            list(counts),
            [float(count) for count in counts.values()],
            None,
        )


def alarm_states(where: Scope, names: Sequence[str]) -> dict[str, str]:
    """The state of each alarm of those names that there is, metric or composite."""
    with _pinned(where):
        present = {
            name: cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
            for name in names
        }
    return {name: str(alarm["StateValue"]) for name, alarm in present.items() if alarm}


def image(where: Scope, repository: str, wanted: dict[str, str]) -> dict[str, Any] | None:
    """The image of a digest or a tag in the emulated ECR; None where it is not there."""
    with _pinned(where):
        found: dict[str, Any] | None = ecr._find_image(repository, wanted)
    return found


def _pinned(where: Scope) -> AbstractContextManager[None]:
    pinned: AbstractContextManager[None] = responses.request_scope(where.account, where.region)
    return pinned
