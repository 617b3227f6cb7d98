"""The routes of SageMaker's container contract (AWS: your-algorithms-inference-code)."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from ..config import Settings
from ..errors import RequestError
from ..http.messages import Request, Response
from ..http.websocket import WebSocket
from . import responses
from .host import Host
from .invocations import Invocations
from .metrics import Metrics
from .models import Models
from .stream import Bidirectional

_log = logging.getLogger("serving.app")

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

Handler = Callable[[Request], Awaitable[Response]]


class App:
    """Calls the handler of a request's path and method."""

    websocket_path = "/invocations-bidirectional-stream"

    def __init__(self, host: Host, metrics: Metrics, settings: Settings) -> None:
        self._host, self._metrics, self._settings = host, metrics, settings
        self._bidirectional = Bidirectional(host, settings)
        self._invocations = Invocations(host, metrics, settings)
        self._routes: dict[str, dict[str, Handler]] = {
            "/ping": {"GET": self._ping},
            "/invocations": {"POST": self._invocations.main},
            "/execution-parameters": {"GET": self._execution_parameters},
            "/metrics": {"GET": self._prometheus},
        }
        self._models = Models(host) if settings.multi_model else None
        if self._models is not None:
            self._routes["/models"] = {"POST": self._models.load, "GET": self._models.list}

    async def respond(self, request: Request) -> Response:
        """Make the response to a request; an error becomes a response, too."""
        try:
            return await self._handler(request)(request)
        except RequestError as error:
            return responses.of_error(error)
        except Exception as error:  # noqa: BLE001 - the client is told, and the log has it
            _log.error("the server failed", exc_info=error)
            return self.fault()

    async def converse(self, request: Request, socket: WebSocket) -> None:
        """Respond to the messages of a bidirectional stream."""
        await self._bidirectional.serve(request, socket)

    def fault(self) -> Response:
        """Make the response for a failure of the server itself."""
        said = "the server failed; its log says why"
        return responses.of_error(RequestError(500, "server_error", said))

    def _handler(self, request: Request) -> Handler:
        handlers = self._routes.get(request.path) or self._of_model(request.path)
        if handlers is None:
            said = f"{request.method} {request.path[:200]}: there is no such path here"
            raise RequestError(404, "not_found", said)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in handlers:
            said = f"{request.method} {request.path[:200]}: the method is not allowed here"
            allowed = {"allow": ", ".join(handlers)}
            raise RequestError(405, "method_not_allowed", said, headers=allowed)
        return handlers[method]

    def _of_model(self, path: str) -> dict[str, Handler] | None:
        """The handlers of `/models/NAME` and `/models/NAME/invoke`."""
        models = self._models
        if models is None or not path.startswith("/models/"):
            return None
        name, *rest = path.removeprefix("/models/").split("/")
        name = unquote(name)
        match rest:
            case []:
                return {
                    "GET": lambda _: models.describe(name),
                    "DELETE": lambda _: models.unload(name),
                }
            case ["invoke"]:
                return {"POST": lambda request: self._invocations.named(request, name)}
        return None

    async def _ping(self, _: Request) -> Response:
        return Response(200 if self._host.healthy else 503)

    async def _execution_parameters(self, _: Request) -> Response:
        """Return the settings for batch transform: a body takes at most half of the deadline."""
        pool, settings = self._host.main(), self._settings
        allowed = min(100, settings.max_body_bytes // 2**20)
        if cost := pool.seconds_per_byte:
            allowed = min(allowed, int(settings.deadline_seconds / 2 / cost / 2**20))
        return responses.json(
            {
                # One that is computed and one that waits for each worker, so that no worker idles.
                "MaxConcurrentTransforms": 2 * pool.size,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": max(1, allowed),
            }
        )

    async def _prometheus(self, _: Request) -> Response:
        waiting, tokens = self._host.waiting
        self._metrics.waiting.set(waiting)
        self._metrics.waiting_tokens.set(tokens)
        self._metrics.healthy.set(self._host.healthy)
        return Response(200, self._metrics.text(), PROMETHEUS)
