"""What stands before every service: no request of a web page, none that is not signed.

A page in the developer's browser reaches every port of this machine. It is refused by the headers
that it cannot choose (https://fetch.spec.whatwg.org/#origin-header,
https://www.w3.org/TR/fetch-metadata/), by the Host that a rebound name has, and, like everybody
else, by the signature: the secret of each start is known to those alone who may read the state
folder. No response has a CORS header.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from localaws import registry_login
from localaws.home import READY
from localaws.json_api import Response, encode
from localaws.ministack import ecr, signatures
from localaws.ministack.signatures import Request
from localaws.scope import Document

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Document], Awaitable[None]]
App = Callable[[Document, Receive, Send], Awaitable[None]]

_CALLBACKS = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
"""Where a custom resource's function responds to: a URL that is secret, as AWS's presigned one."""

_REGISTRY_HOST = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
"""localaws.engine names a registry as AWS does; nobody can have that name answer as their own."""


def guarded(app: App, port: int) -> App:
    """Put the guard before an ASGI application that is served on this port."""
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    async def serve(scope: Document, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] == "websocket":  # no service here has one
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _serve(scope, receive, _without_cors(send))

    async def _serve(scope: Document, receive: Receive, send: Send) -> None:
        request = _request(scope)
        if reason := _foreign(request, hosts):
            await _respond(send, _forbidden(reason))
        elif request.path == READY:
            await app(scope, receive, _silent(send))
        elif request.method == "PUT" and request.path.startswith(_CALLBACKS):
            await app(scope, receive, send)
        elif ecr.is_registry(request.path):
            known = registry_login.owner(request.headers) is not None
            await (app(scope, receive, send) if known else _respond(send, _no_login()))
        elif not request.is_signed:
            await _respond(send, signatures.refusal(request, signatures.MISSING))
        else:
            body = await _body(receive)
            if body is None:
                return
            if failed := signatures.failure(request, body):
                await _respond(send, signatures.refusal(request, failed))
            else:
                await app(scope, _again(body, receive), send)

    return serve


def _no_login() -> Response:
    return registry_login.unauthorized()


def _request(scope: Document) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), _decoded(raw_value)
        # A header that is sent twice is signed as one. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    raw_path = scope["raw_path"].decode("latin-1")
    query = scope["query_string"].decode("utf-8", errors="replace")
    return Request(scope["method"], scope["path"], raw_path, query, headers)


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _foreign(request: Request, hosts: set[str]) -> str | None:
    """What shows that a request is a web page's; None where nothing does."""
    host = request.headers.get("host", "")
    if host not in hosts and not (ecr.is_registry(request.path) and _REGISTRY_HOST.fullmatch(host)):
        return f"Host: {host}"
    if "origin" in request.headers:
        return f"Origin: {request.headers['origin']}"
    site = request.headers.get("sec-fetch-site", "none")  # none: somebody typed the address
    return None if site == "none" else f"Sec-Fetch-Site: {site}"


def _forbidden(reason: str) -> Response:
    message = f"localaws takes no request of a web page ({reason})."
    headers = {"Content-Type": "application/json", "x-amzn-errortype": "AccessDeniedException"}
    return 403, headers, encode({"__type": "AccessDeniedException", "message": message})


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where the client has gone."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Receive a body that has been read; what comes after it, as it comes."""
    left: list[Document] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:
        return left.pop() if left else await receive()

    return receive_again


def _without_cors(send: Send) -> Send:
    async def send_without(message: Document) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", [])
                if not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": kept}
        await send(message)

    return send_without


def _silent(send: Send) -> Send:
    """Pass on a response's status alone."""

    async def send_status(message: Document) -> None:
        if message["type"] == "http.response.start":
            await send({**message, "headers": [(b"content-length", b"0")]})
        elif not message.get("more_body", False):
            await send({"type": "http.response.body", "body": b""})

    return send_status


async def _respond(send: Send, response: Response) -> None:
    status, headers, body = response
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    sent += [(b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
