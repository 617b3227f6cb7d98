"""Writes responses to a client's connection."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from .flow import Flow
from .messages import Request, Response
from .websocket import Shared

_log = logging.getLogger("serving.http")


class Writer(Flow):
    """The part of a connection that writes."""

    def __init__(self, server: Shared) -> None:
        super().__init__()
        self._server = server

    async def _send(self, request: Request, response: Response) -> None:
        try:
            first = response.head()
        except ValueError as error:
            _log.error("the response cannot be sent", exc_info=error)
            response = self._server.application.fault()
            first = response.head()
        if response.chunks is None:
            length = b"content-length: %d\r\n" % len(response.body)
            body = b"" if request.method == "HEAD" else response.body
            self._transport.write(self._head(request, first, length) + body)
        else:
            await self._stream(request, first, response.chunks)

    async def _stream(self, request: Request, first: bytes, chunks: AsyncGenerator[bytes]) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker alone
        coded = request.version == "1.1"
        coding = b"transfer-encoding: chunked\r\n" if coded else b""
        self._transport.write(self._head(request, first, coding))
        with request.leaving(task.cancel):
            async with aclosing(chunks):
                async for chunk in chunks:
                    if chunk:  # an empty chunk would end the response
                        self._transport.write(_chunk(chunk) if coded else chunk)
                    await self.drained()
        if coded:
            self._transport.write(b"0\r\n\r\n")

    def _head(self, request: Request, first: bytes, length: bytes) -> bytes:
        if self._server.draining:
            request.keep_alive = False
        closing = b"\r\n" if request.keep_alive else b"connection: close\r\n\r\n"
        return b"%b%b%b%b" % (first, self._server.date, length, closing)


def _chunk(chunk: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)
