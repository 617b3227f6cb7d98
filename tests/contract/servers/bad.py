"""Servers that each break the case that they are named after, in one of the ways to do so."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.websockets import WebSocket
from uvicorn.protocols.http import httptools_impl
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from tests.contract.servers.good import CUSTOM, NEW_SESSION, Server, Worker

BAD: dict[str, type[Server]] = {}
SEEN: dict[str, str] = {}


def breaks(case: str, seen: str) -> Callable[[type[Server]], type[Server]]:
    """Register a server by the case that has to fail on it, and what that has to say."""

    def register(server: type[Server]) -> type[Server]:
        BAD[case], SEEN[case] = server, seen
        return server

    return register


# Start


@breaks("startup.ready", "it ended with status 3: no such model")
class NeverReady(Server):
    def load(self) -> None:
        print("no such model", flush=True)
        os._exit(3)


@breaks("startup.truth", "/ping was 200, the invocation 503")
class StaticPing(Server):
    def load(self) -> None:
        time.sleep(0.5)
        super().load()

    def is_well(self) -> bool:
        return True


@breaks("startup.argument", "it serves as if nothing was wrong")
class TakesAnyArgument(Server):
    def check_argument(self) -> None:
        pass


# Health


@breaks("ping.ok", "it answered 503")
class ForgetsHealth(Server):
    pings = 0

    def is_well(self) -> bool:
        self.pings += super().is_well()
        return self.pings == 1


@breaks("ping.empty", 'its body is b\'{"status":"Healthy"}')
class TalkativePing(Server):
    async def ping(self, request: Request) -> Response:
        status = (await super().ping(request)).status_code
        return JSONResponse({"status": "Healthy"}, status)


@breaks("ping.in-time", "no response within 2 s")
class SlowPing(Server):
    async def ping(self, request: Request) -> Response:
        await asyncio.sleep(len(asyncio.all_tasks()) / 3)
        return await super().ping(request)


@breaks("ping.steady", "503")
class SickWhenBusy(Server):
    def is_well(self) -> bool:
        return super().is_well() and len(asyncio.all_tasks()) < 8


# Invocations


@breaks("invocations.answer", "the response is empty")
class AnswersNothing(Server):
    async def invocations(self, request: Request) -> Response:
        await super().invocations(request)
        return Response()


@breaks("invocations.accept", "it took ")
class TakesOneConnection(Server):
    """Serves a connection at a time, and has a backlog of one."""

    def run(self) -> None:
        self.check_argument()
        self.load()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(0)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(1)
                data = connection.recv(65536)
                time.sleep(0.03 if data.startswith(b"POST") else 0)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@breaks("invocations.in-time", "had none")
class Hangs(Server):
    asked = 0

    async def predict(self, worker: Worker, document: Any) -> list[float]:
        self.asked += 1
        if self.asked % 20 == 0:
            await asyncio.sleep(60)
        return await super().predict(worker, document)


@breaks("invocations.own-answer", "got another's response")
class MixesUp(Server):
    """Hands the answers of requests that came at the same time out in the wrong order."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[Any, asyncio.Future[list[float]]]] = []

    async def predict(self, worker: Worker, document: Any) -> list[float]:
        answer: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()
        self.waiting.append((document, answer))
        await asyncio.sleep(0.02)
        batch, self.waiting = self.waiting, []
        computed = [await super(MixesUp, self).predict(worker, asked) for asked, _ in batch]
        for (_, waiting), rows in zip(batch, reversed(computed), strict=True):
            waiting.set_result(rows)
        return await answer


@breaks("invocations.malformed", "it answered 500")
class OwnFault(Server):
    def parse(self, body: bytes, content_type: str) -> Any:
        try:
            return super().parse(body, content_type)
        except HTTPException as error:
            raise HTTPException(500) from error


@breaks("invocations.no-traceback", "it holds a traceback")
class ShowsItsTraceback(Server):
    async def invocations(self, request: Request) -> Response:
        try:
            return await super().invocations(request)
        except HTTPException as error:
            return PlainTextResponse(traceback.format_exc(), error.status_code)


@breaks("invocations.media-type", "it answered 200")
class TakesAnyType(Server):
    def parse(self, body: bytes, content_type: str) -> Any:
        try:
            return super().parse(body, content_type)
        except HTTPException as error:
            if error.status_code == 415:
                return json.loads(body)
            raise


@breaks("invocations.payload", "it answered 413")
class TakesLittle(Server):
    async def read(self, request: Request) -> bytes:
        body = await super().read(request)
        if len(body) > 1 << 20:
            raise HTTPException(413)
        return body


@breaks("invocations.over-limit", "it ended with status 1")
class DropsWhatIsLarge(Server):
    async def read(self, request: Request) -> bytes:
        try:
            return await super().read(request)
        except HTTPException:
            os._exit(1)


@breaks("invocations.beside-large", "beside it got 200")
class WeighsByBytes(Server):
    """Refuses every other request while a large body is worked on."""

    large = 0

    async def read(self, request: Request) -> bytes:
        size = int(request.headers.get("content-length", "0"))
        if size > 1 << 20:
            self.large += 1
            await asyncio.sleep(0.5)
            self.large -= 1
        elif self.large:
            raise HTTPException(503)
        return await super().read(request)


@breaks("invocations.poison", "good ones: 500")
class FailsTogether(Server):
    """Fails all requests that came at the same time as a malformed one."""

    poisoned = 0.0

    def parse(self, body: bytes, content_type: str) -> Any:
        try:
            return super().parse(body, content_type)
        except HTTPException:
            self.poisoned = time.monotonic()
            raise

    async def predict(self, worker: Worker, document: Any) -> list[float]:
        await asyncio.sleep(0.02)
        if time.monotonic() - self.poisoned < 0.1:
            raise HTTPException(500)
        return await super().predict(worker, document)


# Headers


@breaks("headers.sagemaker", "it answered 400")
class FearsLongHeaders(Server):
    async def invocations(self, request: Request) -> Response:
        if len(request.headers.get("X-Amzn-SageMaker-Inference-Id", "")) > 36:
            raise HTTPException(400)
        return await super().invocations(request)


@breaks("headers.unknown", "it answered 400")
class FearsTheUnknown(Server):
    async def invocations(self, request: Request) -> Response:
        if "X-No-Such-Header" in request.headers:
            raise HTTPException(400)
        return await super().invocations(request)


@breaks("headers.custom-attributes", "one request's are in another's response")
class KeepsAttributes(Server):
    """Answers with what an earlier request brought."""

    last = ""

    def add_headers(self, request: Request, response: Response) -> None:
        self.last = request.headers.get(CUSTOM, self.last)
        if self.last:
            response.headers[CUSTOM] = self.last


@breaks("headers.hop-by-hop", "the response has Content-Length and Transfer-Encoding")
class BothLengths(Server):
    def add_headers(self, request: Request, response: Response) -> None:
        if "TE" in request.headers:
            response.headers["Transfer-Encoding"] = "chunked"


# HTTP


@breaks("http.keep-alive", "no response")
class ClosesAlways(Server):
    def add_headers(self, request: Request, response: Response) -> None:
        response.headers["Connection"] = "close"


@breaks("http.chunked", "it answered 411")
class WantsALength(Server):
    async def read(self, request: Request) -> bytes:
        if "content-length" not in request.headers:
            raise HTTPException(411)
        return await super().read(request)


@breaks("http.expect", "it did not say 100 Continue")
class NeverContinues(Server):
    """Waits for the body before it says that it may come."""

    async def read(self, request: Request) -> bytes:
        if "expect" in request.headers:
            await asyncio.sleep(1.5)
        return await super().read(request)


@breaks("http.methods", "'POST /no-such-path': 200")
class AnswersAnything(Server):
    def app(self) -> Any:
        app = super().app()
        app.router.default = PlainTextResponse("welcome")
        return app


@breaks("http.garbage", "POST /invocations: no response")
class DiesOfGarbage(Server):
    """Ends with the request after what is no HTTP."""

    garbled = False

    def run(self) -> None:
        httptools_impl.HttpToolsProtocol.send_400_response = lambda *_: self.garble()  # type: ignore[method-assign]
        super().run()

    def garble(self) -> None:
        self.garbled = True

    async def read(self, request: Request) -> bytes:
        if self.garbled:
            os._exit(1)
        return await super().read(request)


@breaks("http.slow-clients", "no response within")
class OneAtATime(Server):
    """Reads one body at a time."""

    reading = asyncio.Lock()

    async def read(self, request: Request) -> bytes:
        async with self.reading:
            return await super().read(request)


@breaks("http.leaving-clients", "no response")
class DiesOfLeaving(Server):
    async def answer(self, request: Request, worker: Worker) -> Response:
        response = await super().answer(request, worker)
        await asyncio.sleep(0.02)
        if await request.is_disconnected():
            os._exit(1)
        return response


@breaks("http.head", "a body follows: b'ok'")
class BodyForHead(Server):
    """Answers every request by hand, as no library would do it so."""

    def run(self) -> None:
        self.check_argument()
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            while True:
                connection, _ = listener.accept()
                with connection:
                    body = b"ok" if connection.recv(65536).startswith(b"HEAD") else b""
                    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                    connection.sendall(head + body)


# Streams


@breaks("stream.chunks", "all of it came at once")
class Buffers(Server):
    def streamed(self, rows: list[float]) -> Response:
        async def chunks() -> Any:
            await asyncio.sleep(0.1)
            for row in rows:
                yield f"{row}\n"

        return StreamingResponse(chunks())


@breaks("websocket.answers", "no message came")
class DumbStream(Server):
    async def reply(self, socket: WebSocket, text: str) -> None:
        pass


@breaks("websocket.fragments", "it got another response")
class CountsFragments(Server):
    """Answers another way when a message is repeated."""

    seen: set[str] = set()  # noqa: RUF012

    async def reply(self, socket: WebSocket, text: str) -> None:
        await socket.send_text(str(text in self.seen))
        self.seen.add(text)


def on_frame(opcode: Opcode, act: Callable[[], None]) -> None:
    """Have something done in place of what the protocol does about a control frame."""
    receive = ServerProtocol.recv_frame

    def received(self: ServerProtocol, frame: Frame) -> None:
        if frame.opcode is opcode:
            act()
        else:
            receive(self, frame)

    ServerProtocol.recv_frame = received  # type: ignore[method-assign, assignment]


@breaks("websocket.pong", "no pong came")
class NoPong(Server):
    def run(self) -> None:
        on_frame(Opcode.PING, lambda: None)
        super().run()


@breaks("websocket.close", "it did not answer it")
class NoClose(Server):
    def run(self) -> None:
        on_frame(Opcode.CLOSE, lambda: os._exit(0))
        super().run()


@breaks("websocket.many", "no handshake within")
class OneStream(Server):
    streams = 0

    async def stream(self, socket: WebSocket) -> None:
        self.streams += 1
        if self.streams > 4:
            await asyncio.sleep(60)
        await super().stream(socket)


# Sessions, metrics, batch


@breaks("sessions.life", "'session-1' is not <id>; Expires=<UTC time>")
class EndlessSession(Server):
    def add_headers(self, request: Request, response: Response) -> None:
        super().add_headers(request, response)
        if NEW_SESSION in response.headers:
            response.headers[NEW_SESSION] = "session-1"


@breaks("metrics.text", "not a sample")
class JsonMetrics(Server):
    async def metrics(self, _: Request) -> Response:
        return JSONResponse({"requests": 1})


@breaks("batch.parameters", "20 transforms of 6 MB: 120 MB")
class TooMuchAtOnce(Server):
    async def execution_parameters(self, _: Request) -> Response:
        return JSONResponse({"MaxConcurrentTransforms": 20, "MaxPayloadInMB": 6})


@breaks("batch.csv", "3 records got 1 lines")
class OneLineForAll(Server):
    def encoded(self, predictions: list[float], accept: str) -> Response:
        if accept == "text/csv":
            return Response(",".join(map(str, predictions)) + "\n", media_type=accept)
        return super().encoded(predictions, accept)


@breaks("batch.jsonlines", "a line differs from that of the same record")
class ShufflesLines(Server):
    def encoded(self, predictions: list[float], accept: str) -> Response:
        return super().encoded(sorted(predictions, reverse=True), accept)


@breaks("batch.environment", "it ended with status 4")
class NoBatch(Server):
    def load(self) -> None:
        if os.environ.get("SAGEMAKER_BATCH") == "true":
            os._exit(4)
        super().load()


# Files


@breaks("files.model", "1 files differ: cache")
class WritesIntoTheModel(Server):
    def load(self) -> None:
        Path(os.environ.get("SM_MODEL_DIR", "/tmp"), "cache").write_text("1")
        super().load()


@breaks("logs.output", "nothing was written")
class Silent(Server):
    def run(self) -> None:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        super().run()


# What was sent


@breaks("privacy.canary", "turns up in its log: ")
class LogsWhatItRefuses(Server):
    def parse(self, body: bytes, content_type: str) -> Any:
        try:
            return super().parse(body, content_type)
        except HTTPException:
            print(f"cannot read {body!r}", flush=True)
            raise


class CountsTexts(Server):
    """Has a label of its metrics say what was sent."""

    last = ""

    def parse(self, body: bytes, content_type: str) -> Any:
        self.last = body.decode(errors="replace")
        return super().parse(body, content_type)

    async def metrics(self, _: Request) -> Response:
        return PlainTextResponse(f"texts_total{{text={json.dumps(self.last)}}} 1\n")


class TellsOthers(Server):
    """Says in an error what the request before it sent."""

    last = b""

    async def invocations(self, request: Request) -> Response:
        before, self.last = self.last, await request.body()
        try:
            return await super().invocations(request)
        except HTTPException as error:
            return PlainTextResponse(before, error.status_code)


BAD |= {"privacy.metrics": CountsTexts, "privacy.others": TellsOthers}


# Death


class NoSecondLife(Worker):
    """A worker that is not started again."""

    def restart(self) -> None:
        raise HTTPException(500)


@breaks("recovery.truth", "/ping was 200, the invocation was not answered")
class PingsOnWhenDead(Server):
    worker_class = NoSecondLife


class HangsWhenDead(Worker):
    def restart(self) -> None:
        time.sleep(60)


@breaks("recovery.no-hang", "had no response within")
class RequestsHangWhenDead(Server):
    worker_class = HangsWhenDead


# The end


class OwnEnd(Server, ABC):
    """Does something of its own on SIGTERM, in place of what uvicorn does."""

    @abstractmethod
    def on_sigterm(self) -> None: ...

    def app(self) -> Any:
        app = super().app()

        async def prepares(scope: Any, receive: Any, send: Any) -> None:
            # uvicorn sets its own when it starts: this is later.
            signal.signal(signal.SIGTERM, lambda *_: self.on_sigterm())
            await app(scope, receive, send)

        return prepares


@breaks("drain.clock", "it still ran after")
class IgnoresSigterm(OwnEnd):
    def on_sigterm(self) -> None:
        pass


@breaks("drain.accepted", "no response")
class DropsAll(OwnEnd):
    def on_sigterm(self) -> None:
        os._exit(0)


@breaks("drain.status", "it ended with status 1")
class EndsBadly(Server):
    exit_status = 1


@breaks("drain.refuses", "were answered 200")
class GoesOn(OwnEnd):
    """Finishes what it has, and takes on more meanwhile."""

    def on_sigterm(self) -> None:
        threading.Timer(3, os._exit, [0]).start()


# Many models


@breaks("multi-model.start", "it lists []")
class ListsNonsense(Server):
    async def list_models(self, request: Request) -> Response:
        return JSONResponse([])


@breaks("multi-model.load", "the invocation: 503")
class LoadsLater(Server):
    async def invoke_model(self, request: Request) -> Response:
        raise HTTPException(503)


@breaks("multi-model.list", "/opt/ml/model")
class ForgetsAddresses(Server):
    async def list_models(self, request: Request) -> Response:
        page = json.loads(bytes((await super().list_models(request)).body))
        for model in page["models"]:
            model["modelUrl"] = "/opt/ml/model"
        return JSONResponse(page)


@breaks("multi-model.paging", "is on two pages")
class RepeatsAPage(Server):
    async def list_models(self, request: Request) -> Response:
        page = json.loads(bytes((await super().list_models(request)).body))
        if "nextPageToken" in page:
            page["nextPageToken"] = "0"
        return JSONResponse(page)


@breaks("multi-model.conflict", "it answered 200")
class LoadsTwice(Server):
    async def load_model(self, request: Request) -> Response:
        try:
            return await super().load_model(request)
        except HTTPException as error:
            if error.status_code == 409:
                return Response()
            raise


@breaks("multi-model.unknown", "it answered {'DELETE': 200}")
class UnknownIsFine(Server):
    async def unload_model(self, request: Request) -> Response:
        if request.path_params["name"] not in self.models:
            return Response()
        return await super().unload_model(request)


@breaks("multi-model.no-model", "it answered 200")
class LoadsNothing(Server):
    async def load_model(self, request: Request) -> Response:
        try:
            return await super().load_model(request)
        except HTTPException as error:
            if error.status_code == 400:
                return Response()
            raise


@breaks("multi-model.unload", "the invocation after it: 200")
class KeepsModels(Server):
    async def unload_model(self, request: Request) -> Response:
        self.known(request)
        return Response()


@breaks("multi-model.memory", "MiB are left")
class KeepsMemory(Server):
    """Forgets a model, and frees its memory a while after it has said so."""

    async def unload_model(self, request: Request) -> Response:
        _, worker = self.known(request)
        del self.models[request.path_params["name"]]
        threading.Timer(3, worker.stop).start()
        return Response()


@breaks("multi-model.beside", "'500'")
class StopsWhileLoading(Server):
    loading = False

    async def load_model(self, request: Request) -> Response:
        self.loading = bool(self.models)
        try:
            await asyncio.sleep(0.1)
            return await super().load_model(request)
        finally:
            self.loading = False

    async def invoke_model(self, request: Request) -> Response:
        if self.loading:
            raise HTTPException(500)
        return await super().invoke_model(request)


@breaks("multi-model.eviction", "POST /models answered 507")
class NeverRecovers(Server):
    full = False

    async def load_model(self, request: Request) -> Response:
        if self.full:
            raise HTTPException(507)
        try:
            return await super().load_model(request)
        except HTTPException as error:
            self.full = error.status_code == 507
            raise


if __name__ == "__main__":
    BAD[sys.argv.pop(1)]().run()
