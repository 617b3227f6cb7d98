"""One copy: how long it took, and what it used."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).parents[2]


class CopyError(Exception):
    """A program failed, or made no copy."""


@dataclass(frozen=True)
class Command:
    """A program, and its whole environment but PATH and HOME."""

    arguments: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """One thing to copy, and the programs that do it.

    Attributes:
        size: in bytes.
        ours, peer: the commands, each reading what the former writes, that make the copy of that
            name.
        servers: the processes that hold what is copied.
        remove: fails where there is no copy of that name, and takes it away.
    """

    title: str
    size: int
    ours: Callable[[str], list[Command]]
    peer_name: str
    peer: Callable[[str], list[Command]]
    servers: list[int]
    remove: Callable[[str], None]


@dataclass(frozen=True)
class Taken:
    """What a copy took: seconds on the clock, CPU seconds, and what was written to stdout."""

    seconds: float
    cpu: float
    servers_cpu: float
    output: str


def copy(commands: Sequence[Command], servers: Sequence[int]) -> Taken:
    """Run the commands to their end.

    Raises:
        CopyError: where one fails.
    """
    before, servers_before = _children_cpu(), _cpu(servers)
    begin = time.perf_counter()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        stdin: IO[bytes] | int | None = subprocess.DEVNULL
        for command in commands:
            processes.append(_start(command, stdin))
            if not isinstance(stdin, int | None):
                stdin.close()  # the reader has it: the writer learns where that ends
            stdin = processes[-1].stdout
        output, _ = processes[-1].communicate()
        failed = [each for each in processes if each.wait()]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    seconds = time.perf_counter() - begin
    if failed:
        raise CopyError(f"{failed[0].args!r} ended with status {failed[0].returncode}")
    return Taken(seconds, _children_cpu() - before, _cpu(servers) - servers_before, output.decode())


def _start(command: Command, stdin: IO[bytes] | int | None) -> subprocess.Popen[bytes]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        command.arguments,
        cwd=ROOT,
        env=inherited | dict(command.environment),
        stdin=stdin,
        stdout=subprocess.PIPE,
    )


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _cpu(processes: Sequence[int]) -> float:
    every = (psutil.Process(each).cpu_times() for each in processes)
    return sum(times.user + times.system for times in every)
