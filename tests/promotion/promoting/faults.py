"""Commands in a process of their own, which dies or is refused at a chosen call."""

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import botocore.client
from botocore.exceptions import ClientError

from aws.errors import AwsError
from promotion import PromotionError
from promotion.gate import GateError
from promotion.moving.registry import Repository

KILLED, STOPPED, REFUSED, BROKEN = 137, 1, 2, 3


@dataclass(frozen=True)
class Fault:
    """What happens at the call of this number, of S3, ECR's registry and all others.

    code: of the error that AWS answers with; None where the process is killed.
    after: the call is done first.
    """

    call: int
    code: str | None = None
    after: bool = False


def started(command: Callable[[], int], fault: Fault | None = None) -> int:
    """Start it in a fork: a kill leaves no `finally` to be run. The process's id."""
    pid = os.fork()
    if pid:
        return pid
    status = BROKEN
    try:
        if fault:
            _install(fault)
        status = command()
    except GateError:
        status = STOPPED
    except (AwsError, PromotionError):
        status = REFUSED
    except BaseException:  # noqa: BLE001 - nothing may get back to the test's own frames
        traceback.print_exc()
    finally:
        os._exit(status)


def ended(pid: int) -> int:
    """Its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _install(fault: Fault) -> None:
    calls = 0

    def at(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != fault.call:
            return call(*arguments, **options)
        if fault.code is None:
            if fault.after:
                with suppress(Exception):
                    call(*arguments, **options)
            os._exit(KILLED)
        raise ClientError({"Error": {"Code": fault.code, "Message": "injected"}}, "Call")

    for holder, name in ((botocore.client.BaseClient, "_make_api_call"), (Repository, "_ask")):
        if holder is Repository and fault.code is not None:
            continue  # a registry has errors of its own; tests/promotion/moving has them
        original = getattr(holder, name)
        setattr(holder, name, _wrapped(at, original))


def _wrapped(at: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        return at(original, *arguments, **options)

    return call
