"""A small server that does all of the contract; the bad ones override what they break.

Its model doubles numbers: `{"instances": [1, 2]}` is answered `{"predictions": [2, 4]}`.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

MODEL_MEGABYTES = 30
MOST_MODELS = 3
MOST_BYTES = 25 * 1024 * 1024
PAGE = 2
CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
SESSION = "X-Amzn-SageMaker-Session-Id"
NEW_SESSION = "X-Amzn-SageMaker-New-Session-Id"


class Worker:
    """A process that computes; when it dies, another takes its place and its request."""

    def __init__(self, megabytes: int = 0) -> None:
        self.megabytes = megabytes
        self.lock = threading.Lock()
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("worker.py"), str(self.megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def predict(self, rows: list[float]) -> list[float]:
        with self.lock:
            try:
                return self._ask(rows)
            except (OSError, ValueError):
                self.stop()
                self.restart()
                return self._ask(rows)

    def restart(self) -> None:
        self.start()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def _ask(self, rows: list[float]) -> list[float]:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(rows) + "\n")
        self.process.stdin.flush()
        answer: list[float] = self._read()
        return answer

    def _read(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())


class Server:
    """The contract, a method for each part of it."""

    worker_class = Worker
    drain_seconds: int | None = None
    exit_status = 0

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.models: dict[str, tuple[str, Worker]] = {}
        self.sessions: set[str] = set()

    # Start

    @property
    def port(self) -> int:
        return int(os.environ["SAGEMAKER_BIND_TO_PORT"])

    def check_argument(self) -> None:
        if sys.argv[1:] != ["serve"]:
            sys.exit(f"got {sys.argv[1:]}, takes one argument: serve")

    def load(self) -> None:
        self.worker = self.worker_class()

    def run(self) -> None:
        self.check_argument()
        threading.Timer(0.1, self.load).start()
        # uvicorn raises the signal again when it is done: then it means nothing any more.
        signal.signal(signal.SIGTERM, lambda *_: None)
        uvicorn.run(
            self.app(),
            host="127.0.0.1",
            port=self.port,
            log_level="info",
            timeout_graceful_shutdown=self.drain_seconds,
            timeout_keep_alive=30,
        )
        for worker in [self.worker, *(worker for _, worker in self.models.values())]:
            if worker:
                worker.stop()
        sys.exit(self.exit_status)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/ping", self.ping),
                Route("/invocations", self.invocations, methods=["POST"]),
                Route("/execution-parameters", self.execution_parameters),
                Route("/metrics", self.metrics),
                Route("/models", self.list_models),
                Route("/models", self.load_model, methods=["POST"]),
                Route("/models/{name}", self.get_model),
                Route("/models/{name}", self.unload_model, methods=["DELETE"]),
                Route("/models/{name}/invoke", self.invoke_model, methods=["POST"]),
                WebSocketRoute("/invocations-bidirectional-stream", self.stream),
            ]
        )

    # Health

    async def ping(self, _: Request) -> Response:
        return Response(status_code=200 if self.is_well() else 503)

    def is_well(self) -> bool:
        return self.worker is not None

    # Invocations

    async def invocations(self, request: Request) -> Response:
        if self.worker is None:
            raise HTTPException(503)
        response = await self.answer(request, self.worker)
        self.add_headers(request, response)
        return response

    async def answer(self, request: Request, worker: Worker) -> Response:
        body = await self.read(request)
        document = self.parse(body, request.headers.get("content-type", ""))
        if isinstance(document, dict) and document.get("stream"):
            return self.streamed(document["instances"])
        predictions = await self.predict(worker, document)
        return self.encoded(predictions, request.headers.get("accept", ""))

    async def read(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                raise HTTPException(413)
        return bytes(body)

    def parse(self, body: bytes, content_type: str) -> Any:
        try:
            if content_type == "text/csv":
                return {"instances": [float(line) for line in body.split()]}
            if content_type == "application/jsonlines":
                return {"instances": [json.loads(line) for line in body.splitlines()]}
            if content_type == "application/json":
                return json.loads(body)
        except ValueError as error:
            raise HTTPException(400) from error
        raise HTTPException(415)

    async def predict(self, worker: Worker, document: Any) -> list[float]:
        rows = document.get("instances") if isinstance(document, dict) else None
        # What the worker cannot compute would end it, and a new one takes its time to start.
        if not isinstance(rows, list) or not all(isinstance(row, int | float) for row in rows):
            raise HTTPException(400)
        return await asyncio.to_thread(worker.predict, rows)

    def encoded(self, predictions: list[float], accept: str) -> Response:
        if accept in {"text/csv", "application/jsonlines"}:
            lines = "".join(f"{prediction}\n" for prediction in predictions)
            return Response(lines, media_type=accept)
        return JSONResponse({"predictions": predictions})

    def streamed(self, rows: list[float]) -> Response:
        async def chunks() -> AsyncIterator[str]:
            for row in rows:
                yield f"{2 * row}\n"
                await asyncio.sleep(0.02)

        return StreamingResponse(chunks(), media_type="application/jsonlines")

    def add_headers(self, request: Request, response: Response) -> None:
        if CUSTOM in request.headers:
            response.headers[CUSTOM] = request.headers[CUSTOM]
        session = request.headers.get(SESSION)
        if session == "NEW_SESSION":
            self.sessions.add("session-1")
            expires = datetime.now(UTC) + timedelta(minutes=20)
            response.headers[NEW_SESSION] = f"session-1; Expires={expires:%Y-%m-%dT%H:%M:%SZ}"
        elif session and session not in self.sessions:
            raise HTTPException(400)

    async def stream(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self.reply(socket, message.get("text") or message["bytes"].decode())
        except WebSocketDisconnect:
            return

    async def reply(self, socket: WebSocket, text: str) -> None:
        assert self.worker
        await socket.send_text(json.dumps(await self.predict(self.worker, json.loads(text))))

    # Batch and metrics

    async def execution_parameters(self, _: Request) -> Response:
        return JSONResponse(
            {"MaxConcurrentTransforms": 4, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
        )

    async def metrics(self, _: Request) -> Response:
        return Response('# TYPE requests_total counter\nrequests_total{code="200"} 1\n')

    # Models

    async def list_models(self, request: Request) -> Response:
        begin = int(request.query_params.get("next_page_token", "0"))
        names = sorted(self.models)
        page: dict[str, Any] = {
            "models": [
                {"modelName": name, "modelUrl": self.models[name][0]}
                for name in names[begin : begin + PAGE]
            ]
        }
        if begin + PAGE < len(names):
            page["nextPageToken"] = str(begin + PAGE)
        return JSONResponse(page)

    async def load_model(self, request: Request) -> Response:
        document = await request.json()
        name, url = document["model_name"], document["url"]
        if name in self.models:
            raise HTTPException(409)
        if not Path(url).is_dir():
            raise HTTPException(400)
        if len(self.models) == MOST_MODELS:
            raise HTTPException(507)
        worker = await asyncio.to_thread(self.worker_class, MODEL_MEGABYTES)
        self.models[name] = (url, worker)
        return Response()

    def known(self, request: Request) -> tuple[str, Worker]:
        name = request.path_params["name"]
        if name not in self.models:
            raise HTTPException(404)
        return self.models[name]

    async def get_model(self, request: Request) -> Response:
        url, _ = self.known(request)
        return JSONResponse({"modelName": request.path_params["name"], "modelUrl": url})

    async def unload_model(self, request: Request) -> Response:
        _, worker = self.known(request)
        del self.models[request.path_params["name"]]
        await asyncio.to_thread(worker.stop)
        return Response()

    async def invoke_model(self, request: Request) -> Response:
        return await self.answer(request, self.known(request)[1])


if __name__ == "__main__":
    Server().run()
