"""The cases, by theme, in the order in which they run."""

# ruff: noqa: F401, I001 - each import registers its cases, in the order of these lines
from contract.cases import (
    startup,
    ping,
    invocations,
    headers,
    protocol,
    websocket,
    sessions,
    batch,
    files,
    recovery,
    drain,
    multi_model,
    privacy,
)
