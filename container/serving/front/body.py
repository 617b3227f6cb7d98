"""The body of a request, within its limit of size and time."""

import asyncio

from starlette.requests import Request

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
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(seconds):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise RequestError(
                408, "too_slow", f"nothing of the body came for {seconds:g} s"
            ) from None
        if chunk is None:
            return bytes(body)
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)


def declared(request: Request) -> int:
    """The body's length as the client has declared it; 0 where it has not."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _too_large(limit: int) -> RequestError:
    return RequestError(413, "too_large", f"the body is longer than {limit} bytes")
