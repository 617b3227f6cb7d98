"""Whether a server keeps to bench/serving/openapi.yaml, whatever schemathesis sends it."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from ...environments import environment
from ..servers import REQUIREMENTS, Running, Server

_DOCUMENT = Path(__file__).parents[1] / "openapi.yaml"
_EXAMPLES = 200  # for each operation and phase
_LONGEST = 500  # characters of a fault
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


def conformance(server: Server, model: Path, text: str) -> list[str]:
    """Start a server and test it; each fault in a line.

    Raises:
        SetupError: when schemathesis cannot be installed.
        ServerError: when the server does not start.
    """
    programs = environment(REQUIREMENTS / "schemathesis.txt")
    with TemporaryDirectory() as scratch, Running(server, model) as running:
        running.wait(text)
        report = Path(scratch) / "report.xml"
        done = subprocess.run(
            [
                *(str(programs / "st"), "run", str(_DOCUMENT)),
                *("--url", f"http://127.0.0.1:{running.port}"),
                *("--checks", ",".join(_CHECKS), "--max-examples", str(_EXAMPLES)),
                *("--seed", "0", "--continue-on-failure", "--request-timeout", "20"),
                *("--suppress-health-check", "all", "--warnings", "off"),
                *("--report", "junit", "--report-junit-path", str(report)),
            ],
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.exists():
            lines = (done.stderr or done.stdout).strip().splitlines()
            return [f"did not run: {' | '.join(lines[-3:])}"]
        return faults(report.read_text(encoding="utf-8"))


def faults(report: str) -> list[str]:
    """The failures and errors in a JUnit report, each with its operation and first lines."""
    found = []
    for case in ElementTree.fromstring(report).iter("testcase"):  # noqa: S314 - our own tool's
        for kind in ("failure", "error"):
            for fault in case.iter(kind):
                words = f"{fault.get('message') or ''} {fault.text or ''}".split()
                found.append(f"{case.get('name')}: {' '.join(words)[:_LONGEST]}")
    return found
