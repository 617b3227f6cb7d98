"""Requests that have the model end, hang or hold up its process, again and again.

Each server runs the pipeline of transformers behind its own handler, as its users would: ours by
`code/inference.py`, the peers as in the other benchmarks.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import psutil

from .. import catalogue
from ..peers.misbehaviour import SIGN
from ..servers import ROOT, Server
from .score import Score
from .watch import Scene, Watch

_HANG_SECONDS = 5
_HANDLERS = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from bench.serving.peers.recognizer import Recognizer

def model_fn(folder):
    return Recognizer()

def predict_fn(data, recognize):
    return {{"predictions": [recognize(data["text"])]}}
"""


def with_handlers(server: Server, scenario: str) -> Server:
    """The server with a model of Python code; the peers have one already."""
    if server.family != "berth":
        return server
    own = {"SM_MODEL_DIR": "{scratch}/model"}
    if scenario == "death-hang":
        own["BERTH_HANG_SECONDS"] = str(_HANG_SECONDS)
    threads = {"BENCH_THREADS": "1", "BENCH_AGGREGATION": catalogue.AGGREGATION}
    return replace(server, prepare=_write, environment={**server.environment, **own, **threads})


def death(kind: str, *, others: bool = False) -> Callable[[Scene, float], Score]:
    """The same request, or with `others` another one each time, once a second."""

    def scenario(scene: Scene, seconds: float) -> Score:
        answers: Counter[str] = Counter()
        senders: list[threading.Thread] = []
        marker = f"31{scene.running.port}"
        with Watch(scene, clients=4) as watch:
            _wait(watch, 2)
            watch.begin_fault()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                rest = f"{len(senders)}" if others else marker
                text = f"{SIGN}{kind} {rest}"
                senders.append(threading.Thread(target=_send, args=(scene, text, answers)))
                senders[-1].start()
                time.sleep(1)
            watch.until(lambda: _is_back(scene, watch), most=60)
        for sender in senders:
            sender.join()
        note = f"{', '.join(f'{count} x {what}' for what, count in answers.most_common())}"
        if kind == "children":
            note += f"; {_left_behind(marker)} processes left behind"
        if (status := scene.running.process.poll()) is not None:
            note += f"; ended with status {status}"
        name = f"{'another' if others else 'the same'} request a second: {kind}"
        return watch.score(name, f"{note}; slowest good answer {watch.slowest():.1f} s")

    return scenario


DEATHS: Mapping[str, Callable[[Scene, float], Score]] = {
    **{
        f"death-{kind}": death(kind)
        for kind in ("exit", "segfault", "sys.exit", "killed", "hang", "lock", "children")
    },
    "death-others": death("exit", others=True),
}


def _write(_: Path, scratch: Path, __: Mapping[str, str]) -> None:
    code = scratch / "model" / "code"
    code.mkdir(parents=True)
    (code / "inference.py").write_text(_HANDLERS)


def _send(scene: Scene, text: str, answers: "Counter[str]") -> None:
    try:
        status, _ = scene.running.ask(
            "POST", scene.running.server.path, scene.running.server.body(text), timeout=60
        )
        answers[str(status)] += 1
    except TimeoutError:
        answers["hung"] += 1
    except OSError:
        answers["broken"] += 1


def _wait(watch: Watch, seconds: float) -> None:
    begin = time.monotonic()
    watch.until(lambda: time.monotonic() - begin > seconds, most=60)


def _is_back(scene: Scene, watch: Watch) -> bool:
    """Whether good requests and pings have been right for two seconds."""
    since = time.monotonic() - 2
    recent = [request for request in list(watch.requests) if request.end > since]
    well = len(recent) >= 8 and all(request.outcome.value == "right" for request in recent)
    pings = [ping.good for ping in list(watch.pings) if ping.begin > since]
    return (well and all(pings)) or scene.running.process.poll() is not None


def _left_behind(marker: str) -> int:
    return sum(marker in (each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"]))
