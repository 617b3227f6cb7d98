"""The life of the server: settings, socket, load, serve, drain, and an exit status that tells."""

import gc
import logging
import os
import signal
import socket
import sys

from .config import ConfigError, Settings
from .front.app import create_app
from .front.host import Host
from .front.metrics import Metrics
from .front.server import Server, configuration
from .logs import configure

_log = logging.getLogger("serving")


def main() -> int:
    """Serve until SIGTERM (status 0) or a failure (1; 2 for a wrong setting), the reason logged."""
    configure(logging.INFO)
    try:
        settings = Settings.from_environment(os.environ)
    except ConfigError as error:
        _log.error("%s", error)
        return 2
    configure(settings.log_level)
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
    failures: list[str] = []

    def fail(reason: str) -> None:
        failures.append(reason)
        server.should_exit = True

    def stop(*_: object) -> None:
        server.should_exit = True

    metrics = Metrics()
    host = Host(settings, metrics, on_failure=fail)
    server = Server(configuration(create_app(host, metrics, settings), settings))
    # uvicorn raises the signals that it took once more when it has drained: these handlers turn
    # that into an exit status of 0, and serve the time before its own are in place.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _log.info("listening on %s:%s", settings.host, settings.port)
    # What was made until now stays for good, and what requests leave is seldom in cycles.
    gc.freeze()
    gc.set_threshold(50_000)
    server.run(sockets=[listener])
    if failures:
        _log.critical("cannot serve the model: %s", failures[0])
        return 1
    if server.abandoned:
        _log.critical("%s accepted requests were not finished in time", server.abandoned)
        return 1
    _log.info("stopped; every accepted request was answered")
    return 0


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.exit(status)
