"""The cases, by theme, in the order in which they run."""

# ruff: noqa: I001 - the order of the cases is that of these lines
from contract.cases import (
    startup,
    ping,
    invocations,
    headers,
    protocol,
    streaming,
    websocket,
    sessions,
    batch,
    files,
    recovery,
    drain,
    multi_model,
)

__all__ = [
    "batch",
    "drain",
    "files",
    "headers",
    "invocations",
    "multi_model",
    "ping",
    "protocol",
    "recovery",
    "sessions",
    "startup",
    "streaming",
    "websocket",
]
