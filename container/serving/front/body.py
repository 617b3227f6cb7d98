"""The body of a request, within its limit of size and time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from ..errors import RequestError


async def read(request: Request, *, limit: int, seconds: float) -> bytes:
    """Read a body of at most `limit` bytes, of which some must come in every `seconds`.

    Raises:
        RequestError: 413 as soon as it is known to be longer, without keeping what is too much;
            408 when nothing comes.
        ClientDisconnect: when the client leaves.
    """
    if declared(request) > limit:
        raise _too_large(limit)
    body = bytearray()
    more = True
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds) as patience:
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                if len(body) > limit:
                    raise _too_large(limit)
                if more := message.get("more_body", False):
                    patience.reschedule(loop.time() + seconds)
    except TimeoutError:
        said = f"nothing of the body came for {seconds:g} s"
        raise RequestError(408, "too_slow", said) from None
    return bytes(body)


def declared(request: Request) -> int:
    """The body's length as the client has declared it; 0 where it has not."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _too_large(limit: int) -> RequestError:
    return RequestError(413, "too_large", f"the body is longer than {limit} bytes")
