"""`--process`: a command in place of a container, with the environment that SageMaker gives."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from contract.client import Client
from contract.container import (
    RunningContainer,
    StartOptions,
    default_port_is_free,
    environment,
    free_port,
    processes,
)


class ProcessLauncher:
    """Starts a command with `serve` after it; `SM_MODEL_DIR` holds the model's path.

    `variables`: what its environment has beside this program's own.
    """

    def __init__(
        self, command: str, model: Path | None, variables: Mapping[str, str] | None = None
    ) -> None:
        words = shlex.split(command)
        self.command = words[:-1] if words[-1:] == ["serve"] else words
        if shutil.which(self.command[0]) is None:
            raise FileNotFoundError(f"--process {command}: there is no command {self.command[0]}")
        self.model = model
        self._variables = variables or {}
        self.labels: Mapping[str, str] = {}

    def start(self, how: StartOptions) -> RunningContainer:
        """Start the command in a session of its own."""
        port = free_port()
        default = Client("127.0.0.1", 8080) if default_port_is_free() else None
        given = {**os.environ, **self._variables}
        ours = {name: value for name, value in given.items() if "SAGEMAKER" not in name}
        model = {"SM_MODEL_DIR": str(self.model)} if self.model and not how.many_models else {}
        log = tempfile.TemporaryFile()  # noqa: SIM115 - the running process closes it
        process = subprocess.Popen(
            [*self.command, how.argument],
            env={**ours, **model, **environment(port, how)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return _RunningProcess(
            process, log.fileno(), Client("127.0.0.1", port), default, self.model
        )


class _RunningProcess(RunningContainer):
    """A command that was started; see `RunningContainer` for the methods."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        log: int,
        client: Client,
        default: Client | None,
        model: Path | None,
    ) -> None:
        self.client = client
        self.default = default
        self._process = process
        self._log = os.dup(log)
        self._model = model
        self._seen: list[psutil.Process] = []

    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> int | None:
        # As in a container, all processes end with the main one. They are listed while it lives:
        # an orphan cannot be found from its former parent.
        self._seen = processes(self._process.pid) or self._seen
        status = self._process.poll()
        if status is None:
            return None
        self._kill_all()
        return status if status >= 0 else 128 - status  # as a shell reports a signal

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        self._seen = processes(self._process.pid) or self._seen
        self._kill_all()
        self._process.wait()
        os.close(self._log)

    def _kill_all(self) -> None:
        for process in self._seen:
            with contextlib.suppress(psutil.Error):
                process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def log(self) -> str:
        return os.pread(self._log, os.fstat(self._log).st_size, 0).decode(errors="replace")

    def written(self) -> Sequence[str] | None:
        return None  # there is no record of what a process has written

    def model_url(self, name: str) -> str | None:  # noqa: ARG002 - the same folder for every name
        return str(self._model) if self._model else None
