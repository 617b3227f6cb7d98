"""The bidirectional stream: each message is a request, and each response is a message."""

import asyncio
import logging

from ..codecs.plain import dumps
from ..config import Settings
from ..errors import RequestError
from ..http.messages import Request
from ..http.websocket import WebSocket
from ..logs import request_fields
from . import headers, responses
from .call import Reply
from .host import Host

_log = logging.getLogger("serving.stream")


class Bidirectional:
    """Serves `/invocations-bidirectional-stream`, a WebSocket.

    A text message is JSON; a binary message has the Content-Type of the handshake. Responses are
    sent in the order of the messages; each chunk of a response in chunks is a message.
    """

    def __init__(self, host: Host, settings: Settings) -> None:
        self._host = host
        self._settings = settings

    async def serve(self, request: Request, socket: WebSocket) -> None:
        """Respond to messages until the client closes the stream."""
        logged = self._settings.log_custom_attributes
        fields = headers.log_fields(request.headers, custom_attributes=logged)
        request_fields.set(fields)
        head = headers.for_worker(request.headers, fields)
        while (message := await socket.receive()) is not None:
            if isinstance(message, str):
                asked = head | {"content_type": "application/json"}
                await self._respond(socket, asked, message.encode())
            else:
                await self._respond(socket, head, message)
        _log.info("the client left the stream")

    async def _respond(self, socket: WebSocket, head: dict[str, object], content: bytes) -> None:
        deadline = asyncio.get_running_loop().time() + self._settings.deadline_seconds
        try:
            reply = await self._host.main().ask(dict(head), content, deadline)
            if reply.chunks is None:
                await _send(socket, reply, reply.body)
                return
            async for chunk in reply.chunks:
                await _send(socket, reply, chunk)
        except RequestError as error:
            await socket.send(dumps(responses.error_document(error)).decode())


async def _send(socket: WebSocket, reply: Reply, content: bytes) -> None:
    if reply.content_type.partition(";")[0] in {"application/json", "text/csv", "text/plain"}:
        await socket.send(content.decode())
    else:
        await socket.send(content)
