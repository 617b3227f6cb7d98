"""MiniStack's services: ours added, requests intercepted, and the scope that they act in."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from ministack import app
from ministack.core import responses, router
from ministack.services.cloudformation import provisioners, stacks

from localaws.json_api import Response
from localaws.schemas import replacing_properties
from localaws.scope import Document, Scope

Handler = Callable[..., Awaitable[Response]]
"""Responds to (method, path, headers, body, query); header names are in lower case."""

Resources = dict[str, dict[str, Any]]
"""CloudFormation's types, each with its functions `create`, `update` and `delete`."""


def scope() -> Scope:
    """The account and region of the request, or of the stack, that is being worked on."""
    return Scope(responses.get_account_id(), responses.get_region())


def acting_in(where: Scope) -> AbstractContextManager[None]:
    """A block that works in an account and region."""
    block: AbstractContextManager[None] = responses.request_scope(where.account, where.region)
    return block


def switch_to(where: Scope) -> None:
    """Have the rest of the request work in an account and region."""
    responses.set_request_account_id(where.account)
    responses.set_request_region(where.region)


def access_key(headers: dict[str, str], query: Document) -> str:
    """The access key ID that signed a request."""
    return str(router.extract_access_key_id(headers, query))


def on_event_loop(function: Callable[[], None]) -> None:
    """Call a function on the event loop that serves; from any other thread."""
    app._MAIN_LOOP.call_soon_threadsafe(function)


def intercept(service: str, around: Callable[[Handler], Handler]) -> None:
    """Put a handler around the one that a service has."""
    app.SERVICE_HANDLERS[service] = around(app.SERVICE_HANDLERS[service])


def resource(kind: str) -> dict[str, Callable[..., Any]]:
    """The functions of a CloudFormation type."""
    found: dict[str, Callable[..., Any]] = provisioners._RESOURCE_HANDLERS[kind]
    return found


def add_resources(resources: Resources) -> None:
    """Add CloudFormation types, or replace the functions of those that MiniStack has."""
    provisioners._RESOURCE_HANDLERS.update(resources)


def physical_name(stack: str, logical_id: str, longest: int) -> str:
    """A new resource's name where its template gives none."""
    return str(provisioners._physical_name(stack, logical_id, max_len=longest))


def add_service(name: str, patterns: Document, handle: Handler) -> None:
    """Add a service: how its requests are recognised, and what responds to them."""
    app.SERVICE_HANDLERS[name] = handle
    router.SERVICE_PATTERNS[name] = patterns


def add_new_resources(resources: Resources) -> None:
    """Add CloudFormation types that MiniStack lacks, with the properties that replace them."""
    add_resources(resources)
    for kind in resources:
        provisioners._REPLACING_PROPERTIES[kind] = replacing_properties(kind)
    # Ours wait for programs, and call the emulator's own port, which the event loop serves.
    others = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind in resources or others(kind)
