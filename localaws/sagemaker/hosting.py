"""Endpoints brought into service, changed and deleted, each change in a thread of its own.

Every function returns a future at once: its result is None when the work is done, its exception the
HostingError that ended the work. DescribeEndpoint shows the same as the endpoint's status.
"""

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from localaws.sagemaker import artifacts, logs
from localaws.sagemaker.deployment import Deployment, RollbackFailed
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.fleet import Fleet
from localaws.sagemaker.policy import Policy
from localaws.sagemaker.specs import VariantSpec, folder_of, prepare, shadow_of
from localaws.sagemaker.state import STORE, Endpoint
from localaws.sagemaker.summaries import reached
from localaws.scope import Document

Done = Future[None]

_log = logging.getLogger("localaws.sagemaker")
_PREFIX = "deployment-"
_fleets: set[Fleet] = set()
_fleets_lock = threading.Lock()


def create(endpoint: Endpoint, specs: Sequence[VariantSpec], variants: list[Document]) -> Done:
    """Bring a new endpoint into service: InService, or Failed."""
    return _in_background(endpoint, lambda: _deploy(endpoint, specs, variants), "Failed")


def update(endpoint: Endpoint, specs: Sequence[VariantSpec], variants: list[Document]) -> Done:
    """Replace what an endpoint runs; where that fails, the old instances keep serving."""
    endpoint.becomes("Updating")
    return _in_background(endpoint, lambda: _deploy(endpoint, specs, variants), "InService")


def scale(endpoint: Endpoint, variants: list[Document]) -> Done:
    """Give an endpoint's variants the desired instances and weights of `variants`."""
    endpoint.becomes("Updating")
    return _in_background(endpoint, lambda: _scale(endpoint, variants), "InService")


def delete(endpoint: Endpoint) -> Done:
    """Stop an endpoint's instances and delete it."""
    endpoint.becomes("Deleting")
    return _in_background(endpoint, lambda: _delete(endpoint), "Failed")


def _in_background(endpoint: Endpoint, work: Callable[[], None], on_failure: str) -> Done:
    done = Done()

    def run() -> None:
        try:
            work()
        except HostingError as error:
            _log.warning("endpoint %s: %s", endpoint.name, error)
            mixed = isinstance(error, RollbackFailed)
            endpoint.becomes("UpdateRollbackFailed" if mixed else on_failure, str(error))
            done.set_exception(error)
        except Exception as error:  # noqa: BLE001 - else the endpoint would stay in progress
            _log.exception("endpoint %s", endpoint.name)
            endpoint.becomes(on_failure, f"InternalFailure: {error}")
            done.set_exception(HostingError(f"InternalFailure: {error}"))
        else:
            done.set_result(None)

    threading.Thread(target=run, name=f"endpoint-{endpoint.name}", daemon=True).start()
    return done


def _deploy(endpoint: Endpoint, specs: Sequence[VariantSpec], variants: list[Document]) -> None:
    folder = _folder(endpoint)
    wanted = endpoint.properties["EndpointConfigName"]
    try:
        programs = [prepare(endpoint.scope, endpoint.name, spec, folder) for spec in specs]
    except HostingError:
        artifacts.remove(folder)
        raise
    weights = [variant["DesiredWeight"] for variant in variants]
    fleet = Fleet(
        list(zip(programs, weights, strict=True)),
        folder,
        on_start=partial(logs.ship, endpoint.scope, logs.group_of(endpoint.name)),
        config=wanted,
        shadow=shadow_of(specs),
    )
    with _fleets_lock:
        _fleets.add(fleet)
    policy = Policy.of(endpoint.properties.get("DeploymentConfig", {}))
    try:
        Deployment(endpoint, fleet, variants, policy).run()
    except RollbackFailed:
        raise
    except HostingError:
        _close(fleet, drain=True)
        raise
    finally:
        endpoint.pending = {}
    before, endpoint.fleet = endpoint.fleet, fleet
    endpoint.traffic = None
    endpoint.serving, endpoint.variants = wanted, [reached(one) for one in variants]
    endpoint.shadow = fleet.shadow
    endpoint.hardware = {spec.name: spec.hardware for spec in specs}
    if before is not None:
        _close(before, drain=True)
    endpoint.becomes("InService")


def _scale(endpoint: Endpoint, variants: list[Document]) -> None:
    fleet = endpoint.fleet
    if fleet is None:
        raise HostingError("the endpoint has no instances to scale")
    try:
        fleet.scale({one["VariantName"]: one["DesiredInstanceCount"] for one in variants})
    except HostingError:
        endpoint.variants = [
            {**one, "DesiredInstanceCount": one["CurrentInstanceCount"]}
            for one in endpoint.variants
        ]
        raise
    for one in variants:
        fleet.variants[one["VariantName"]].weight = one["DesiredWeight"]
    endpoint.variants = [reached(one) for one in variants]
    endpoint.becomes("InService")


def _delete(endpoint: Endpoint) -> None:
    if endpoint.fleet is not None:
        _close(endpoint.fleet, drain=False)
    if endpoint.traffic is not None:  # a failed rollback has left two fleets
        _close(endpoint.traffic.new, drain=False)
    STORE.remove(endpoint)


def _close(fleet: Fleet, *, drain: bool) -> None:
    try:
        fleet.close(drain=drain)
    finally:
        with _fleets_lock:
            _fleets.discard(fleet)


def _folder(endpoint: Endpoint) -> Path:
    """A new folder for the models of one deployment."""
    base = folder_of(endpoint.scope, endpoint.name)
    base.mkdir(parents=True, exist_ok=True)
    if endpoint.fleet is None:
        # A killed emulator may have left an endpoint of this name.
        for stale in base.glob(f"{_PREFIX}*"):
            artifacts.remove(stale)
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))


def shutdown(seconds: float = 5.0) -> None:
    """End every program of every endpoint: SIGTERM, and SIGKILL after at most that long."""
    with _fleets_lock:
        running = list(_fleets)
    for fleet in running:
        fleet.ask_to_stop()
    deadline = time.monotonic() + seconds
    for fleet in running:
        fleet.end(deadline)
    for fleet in running:
        fleet.clear()
