"""What the tests of the kit share: servers to be certified, and a request for them."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.bench import Bench
from contract.example import Example
from contract.limits import Limits
from contract.process import ProcessLauncher
from contract.runner import Result, chosen, run

EXAMPLE = Example(b'{"instances": [1.5, 2, 3]}', "application/json")
STREAM = Example(b'{"stream": true, "instances": [1, 2, 3, 4]}', "application/json")
# As long as needed for what goes well, and short for what would else be waited for in vain.
LIMITS = Limits(start=30, response=5, drain=5, recovery=2, hang=3, back=8, argument=5, load=1)


def server(name: str) -> str:
    """Return the command of one of `servers/`."""
    module, _, variant = name.partition(" ")
    return f"{sys.executable} -m tests.contract.servers.{module} {variant}".strip()


Certify = Callable[..., list[Result]]


@pytest.fixture
def certify(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Certify:
    """Run cases on a server."""
    monkeypatch.chdir(root)
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("2")

    def certified(name: str, *cases: str, limits: Limits = LIMITS) -> list[Result]:
        bench = Bench(
            launcher=ProcessLauncher(server(name), model),
            example=EXAMPLE,
            stream=STREAM if name != "least" else EXAMPLE,
            model=model,
            limits=limits,
        )
        return run(bench, chosen(cases))

    return certified
