"""What the supervisor does for a program that is not its child: a container."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localaws.sagemaker import supervisor
from tests.localaws.sagemaker.conftest import eventually

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("ending", ["by itself", "owner gone", "supervisor killed"])
def test_the_command_for_afterwards_runs_however_it_ends(tmp_path: Path, ending: str) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    if ending != "by itself":
        program.write_text(program.read_text() + "exec sleep 600\n")
    program.chmod(0o755)
    afterwards = json.dumps(["touch", str(tmp_path / "cleared")])
    command = [sys.executable, "-I", "-S", supervisor.__file__, "1", afterwards, str(program)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        eventually((tmp_path / "started").exists)
        if ending == "owner gone":
            process.stdin.close()
        elif ending == "supervisor killed":
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        eventually((tmp_path / "cleared").exists)
