"""The main program of a worker, which the front starts: `python -m berth_serving.worker FD`."""

import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import time
from typing import NoReturn

from ..config import Settings
from ..cores import gpus
from ..errors import Broken, LoadError, one_line
from ..frames import Channel
from ..in_work import InWork
from ..logs import configure
from ..servable import Request, Servable
from .core import Core
from .gpu import refuse_cpu
from .self_test import prove

_log = logging.getLogger("berth_serving.worker")
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Load the model, test it and work; on failure tell the front why and return status 1."""
    # Ctrl-C in a terminal reaches the whole process group, but the front decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # While native code hangs, no thread runs that would see that the front has ended.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    settings = Settings.from_environment(os.environ)
    configure(settings.log_level, exception_messages=settings.log_exception_messages)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    ready = False
    try:
        model, canary = _load(settings)
        channel.send({"kind": "ready", "canary": canary is not None, "mixes": model.mixes})
        ready = True
        gc.freeze()  # the model stays in memory: collections need not visit it
        overlap = bool(gpus()) or settings.threads != 1
        batch_seconds = settings.batch_milliseconds / 1000
        in_work = InWork(int(sys.argv[2]))
        Core(
            model, channel, in_work, canary=canary, batch_seconds=batch_seconds, overlap=overlap
        ).run()
    except LoadError as error:
        return _fail(channel, str(error), final=True)
    except ConnectionError:
        return 1  # the front has ended
    except BaseException as error:  # noqa: BLE001 - a model's code may raise anything
        _log.error("the worker failed", exc_info=error)
        return _fail(channel, _reason(error, ready=ready), final=not ready)
    return 0


def _load(settings: Settings) -> tuple[Servable, Request | None]:
    """Load the model and test it; return the request by which it is checked later, too."""
    from ..models import load  # noqa: PLC0415 - its imports take seconds

    started = time.perf_counter()
    model = load(settings)
    if not settings.allow_cpu:
        refuse_cpu()
    canary = prove(model, messages=settings.log_exception_messages)
    seconds = round(time.perf_counter() - started, 3)
    _log.info("model ready", extra={"model_dir": str(settings.model_dir), "seconds": seconds})
    return model, canary


def _reason(error: BaseException, *, ready: bool) -> str:
    """Say why the worker ends; once it is `ready`, a model's message may quote a request."""
    if isinstance(error, Broken):
        return str(error)
    name = type(error).__name__
    return name if ready else f"{name}: {one_line(error)}"


def _fail(channel: Channel, reason: str, *, final: bool) -> int:
    try:
        channel.send({"kind": "failed", "reason": reason, "final": final})
    except OSError:
        _log.critical("the worker ends after the front: %s", reason)
    return 1


def _end(status: int) -> NoReturn:
    logging.shutdown()
    sys.stdout.flush()
    # sys.exit would tear down the interpreter while a thread may still run native code.
    os._exit(status)


if __name__ == "__main__":
    _end(main())
