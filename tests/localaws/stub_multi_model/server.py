"""A multi-model container's program: it loads, asks and unloads folders as its contract says.

CAPACITY (environment): how many models fit its memory. A model's behaviour.json may hold
- answer: what its invocations are answered with
- refuse: a status that loading it is answered with
- load_seconds: how long loading it takes
- alone: 507 on an invocation while another model is loaded

A request's JSON body may ask for `forget`, which loses the model, or name a folder as its `gate`:
the model's answer is left there, and the request waits until there is a file `open`.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CAPACITY = int(os.environ.get("CAPACITY", "100"))
LOCK = threading.Lock()
MODELS: dict[str, Path] = {}
HISTORY: list[str] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self.reply(200, {})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/models":
            self.load(asked["model_name"], Path(asked["url"]))
        else:
            self.invoke(self.path.split("/")[2], asked)

    def do_DELETE(self) -> None:
        name = self.path.split("/")[2]
        with LOCK:
            folder = MODELS.pop(name, None)
        if folder:
            HISTORY.append(f"unload {behaviour(folder)['answer']}")
        self.reply(200 if folder else 404, {})

    def load(self, name: str, folder: Path) -> None:
        own = behaviour(folder)
        assert folder.is_relative_to(os.environ["BERTH_MODELS_DIR"])
        time.sleep(own.get("load_seconds", 0))
        with LOCK:
            status = own.get("refuse") or (
                409 if name in MODELS else 507 if len(MODELS) >= CAPACITY else 200
            )
            if status == 200:
                MODELS[name] = folder
        HISTORY.append(f"load {own['answer']} {status}")
        self.reply(status, {"status": status})

    def invoke(self, name: str, asked: dict[str, Any]) -> None:
        folder = MODELS.get(name)
        if asked.get("forget") and folder and "forgot" not in HISTORY:
            HISTORY.append("forgot")
            folder = MODELS.pop(name) and None
        if folder is None:
            self.reply(404, {})
            return
        own = behaviour(folder)
        if "gate" in asked:
            gate = Path(asked["gate"])
            (gate / own["answer"]).touch()
            while not (gate / "open").exists():
                time.sleep(0.02)
        if own.get("alone") and len(MODELS) > 1:
            self.reply(507, {})
            return
        told = {
            "answer": own["answer"],
            "pid": os.getpid(),
            "history": HISTORY,
            "headers": {key.lower(): value for key, value in self.headers.items()},
        }
        self.reply(200, told)

    def reply(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def behaviour(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "behaviour.json").read_text())
    return found


if __name__ == "__main__":
    assert sys.argv[1:] == ["serve"]
    assert os.environ["SAGEMAKER_MULTI_MODEL"] == "true"
    address = (os.environ["BERTH_BIND_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    ThreadingHTTPServer(address, Handler).serve_forever()
