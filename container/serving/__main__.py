"""The life of the server: settings, socket, load, serve, drain, and an exit status that tells."""

import logging
import os
import signal
import socket
import sys
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from .app import create_app
from .config import ConfigError, Settings
from .cores import usable_cores
from .errors import LoadError
from .logs import configure
from .worker import Worker

if TYPE_CHECKING:
    from .model import Model

_log = logging.getLogger("serving")

# Longer than clients keep idle connections, so that it is never the server that hangs up on one
# just as the next request comes.
_KEEP_ALIVE_SECONDS = 75


def main() -> int:
    """Serve until SIGTERM (status 0) or a failure (1; 2 for a wrong setting), the reason logged."""
    configure(logging.INFO)
    try:
        settings = Settings.from_environment(os.environ)
    except ConfigError as error:
        _log.error("%s", error)
        return 2
    configure(settings.log_level)
    # Before numpy and torch are imported, which start as many threads as the host has cores.
    os.environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))
    try:
        listener = _listen(settings)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        _log.error("cannot listen on %s:%s: %s", settings.host, settings.port, reason)
        return 1
    return _serve(settings, listener)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    return socket.create_server((settings.host, settings.port), family=family, backlog=2048)


def _serve(settings: Settings, listener: socket.socket) -> int:
    def stop(*_: object) -> None:
        server.should_exit = True

    worker: Worker[Model] = Worker(
        partial(_load, settings), capacity=settings.max_pending, on_failure=stop
    )
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(worker, max_body_bytes=settings.max_body_bytes),
            loop="uvloop",
            http="httptools",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.drain_seconds,
        )
    )
    # uvicorn raises the signals that it took once more when it has drained: these handlers turn
    # that into an exit status of 0, and serve the time before its own are in place.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _log.info("listening on %s:%s", settings.host, settings.port)
    server.run(sockets=[listener])
    return _status(worker)


def _load(settings: Settings) -> "Model":
    from .loading import load  # noqa: PLC0415 - in the worker's thread, while /ping answers

    return load(settings)


def _status(worker: "Worker[Model]") -> int:
    failure = worker.failure
    if isinstance(failure, LoadError):
        _log.critical("cannot serve the model: %s", failure)
        return 1
    if failure is not None:
        _log.error("the model's thread ended", exc_info=failure)
        reason = " ".join(f"{type(failure).__name__}: {failure}".split())
        _log.critical("cannot serve the model: %s", reason)
        return 1
    if worker.abandoned:
        _log.critical("%s accepted requests were not finished in time", worker.abandoned)
        return 1
    _log.info("stopped; every accepted request was answered")
    return 0


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    # Not sys.exit: the model's thread may still be in native code, which Python's own way to
    # end would pull the interpreter from under.
    os._exit(status)
