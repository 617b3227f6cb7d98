"""The server's main program: it reads settings, listens, loads the model, serves and drains."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
from typing import Any

import uvloop

from .config import ConfigError, Settings
from .front import children
from .front.app import App
from .front.host import Host
from .front.metrics import Metrics
from .http.server import Server
from .logs import configure

_log = logging.getLogger("serving")


def main() -> int:
    """Serve until a signal to end (status 0) or a logged failure (1, or 2 for a wrong setting)."""
    configure(logging.INFO)
    try:
        settings = Settings.from_environment(os.environ)
    except ConfigError as error:
        _log.error("%s", error)
        return 2
    configure(settings.log_level, exception_messages=settings.log_exception_messages)
    _allow_connections()
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = settings.host, settings.port
    try:
        listener = socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        _log.error("cannot listen on %s:%s: %s", settings.host, settings.port, reason)
        return 1
    return uvloop.run(_serve(settings, listener))


def _allow_connections() -> None:
    """Raise the limit of open files, often 1,024, to the host's, as each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _log_unretrieved(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio would log, without the text of the task or future, which quotes errors."""
    _log.error("%s", context["message"], exc_info=context.get("exception"))


async def _serve(settings: Settings, listener: socket.socket) -> int:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_unretrieved)
    stopped: asyncio.Future[str | None] = loop.create_future()

    def stop(reason: str | None = None) -> None:
        if not stopped.done():
            stopped.set_result(reason)

    # By default, the others would end the process and the requests in work.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGUSR1, lambda: None)
    metrics = Metrics()
    children.adopt()
    host = Host(settings, metrics, on_failure=stop)
    server = Server(App(host, metrics, settings), max_body_bytes=settings.max_body_bytes)
    host.start()
    logging_metrics = asyncio.ensure_future(metrics.model.log_every_minute())
    # Objects made so far live as long as the process, and requests rarely leave reference cycles.
    gc.freeze()
    gc.set_threshold(50_000)
    await server.listen(listener)
    _log.info("listening on %s:%s", settings.host, settings.port)
    reason = await stopped
    abandoned = await server.drain(settings.drain_seconds)
    logging_metrics.cancel()
    await host.stop()
    metrics.model.log()
    if reason is not None:
        _log.critical("cannot serve the model: %s", reason)
        return 1
    if abandoned:
        _log.critical("%s accepted requests were not finished in time", abandoned)
        return 1
    _log.info("stopped; every accepted request was answered")
    return 0


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.exit(status)
