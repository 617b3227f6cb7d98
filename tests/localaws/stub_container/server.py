"""A container's program without a model: it does what the model's behaviour.json says.

- answer: what every invocation is answered with (JSON, with the request told beside it)
- fail: a line to log before ending with status 3 at start
- stubborn: ignore SIGTERM
- status: what invocations are answered with that ask for no other
- broken: end with status 3 at start once this file exists
- hold: invocations wait until this file exists
- sick: `/ping` answers 500 once this file exists
- start_seconds: how long `/ping` is refused
- parameters: what `/execution-parameters` answers; without it there is no such path
- refuse: a text; a body that holds it is answered with its last three letters as the status
- together: every request waits, up to 10 s, until so many are in work at once

A request's JSON body may ask for `status`, `sleep` (seconds) or `die`. The answer tells, as
`at_once`, how many requests there were when this one came, itself among them.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL = Path(os.environ["SM_MODEL_DIR"])
BEHAVIOUR = json.loads((MODEL / "behaviour.json").read_text())
STARTED = time.monotonic()
TOGETHER = threading.Barrier(BEHAVIOUR.get("together", 1))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write for an answer: two would wait for each other's acknowledgement, 40 ms.
    wbufsize = -1
    server: "Server"

    def do_GET(self) -> None:
        if self.path == "/execution-parameters":
            told = BEHAVIOUR.get("parameters")
            self.reply(404 if told is None else 200, json.dumps(told).encode())
            return
        early = time.monotonic() - STARTED < BEHAVIOUR.get("start_seconds", 0)
        sick = Path(BEHAVIOUR["sick"]).exists() if "sick" in BEHAVIOUR else False
        self.reply(503 if early else 500 if sick else 200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            asked = json.loads(body)
        except ValueError:
            asked = {}
        if not isinstance(asked, dict):
            asked = {}
        at_once = self.come(1)
        time.sleep(asked.get("sleep", 0))
        while "hold" in BEHAVIOUR and not Path(BEHAVIOUR["hold"]).exists():
            time.sleep(0.02)
        if asked.get("die"):
            os._exit(9)
        refused = BEHAVIOUR.get("refuse")
        if refused and refused.encode() in body:
            self.come(-1)
            self.reply(int(refused[-3:]), b"cannot read this")
            return
        if "together" in BEHAVIOUR:
            TOGETHER.wait(10)
        told = {
            "answer": BEHAVIOUR.get("answer"),
            "pid": os.getpid(),
            "headers": {key.lower(): value for key, value in self.headers.items()},
            "environment": dict(os.environ),
            "bytes": len(body),
            "body": body[:1000].decode(errors="replace"),
            "at_once": at_once,
        }
        self.come(-1)
        headers = {"X-Amzn-SageMaker-Custom-Attributes": "seen"} if asked.get("attributes") else {}
        self.reply(
            asked.get("status", BEHAVIOUR.get("status", 200)), json.dumps(told).encode(), headers
        )

    def come(self, step: int) -> int:
        with self.server.counting:
            self.server.present += step
            return self.server.present

    def reply(self, status: int, body: bytes, headers: "dict[str, str] | None" = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        print(format % args, flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128
    present = 0
    counting = threading.Lock()


if __name__ == "__main__":
    print("loading", sys.argv[1:], flush=True)
    if "broken" in BEHAVIOUR and Path(BEHAVIOUR["broken"]).exists():
        sys.exit(3)
    if "fail" in BEHAVIOUR:
        print(BEHAVIOUR["fail"], flush=True)
        sys.exit(3)
    if BEHAVIOUR.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    address = (os.environ["BERTH_BIND_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    Server(address, Handler).serve_forever()
