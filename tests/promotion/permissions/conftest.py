"""One promotion from qa to prod, done under the two roles; the tests look at its steps again."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localaws.bootstrap import bootstrap
from localaws.engine import NOT_BUILT
from localaws.lifecycle import Emulator
from stacks.settings import load
from tests import STAGES_FILE
from tests.berth_cli import PROGRAM
from tests.promotion import small_project
from tests.promotion.permissions.sides import STAGES, STATEMENTS, Sides
from tests.roles import Role, judging


@pytest.fixture(scope="session")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    folder = tmp_path_factory.mktemp("permissions")
    project = small_project.write(folder / "project")
    with judging(folder / "home", load(STAGES_FILE)) as emulator:
        prepare(emulator, project)
        roles = {side: Role(emulator, STAGES[side], side, folder) for side in STAGES}
        made = Sides(emulator, project, roles)
        promote(made)
        yield made


def prepare(emulator: Emulator, project: Path) -> None:
    with ThreadPoolExecutor() as pool:
        synthesized = pool.submit(small_project.synthesize, project, emulator.environment("qa"))
        bootstrap(emulator, STAGES.values())
        synthesized.result()


def promote(sides: Sides) -> None:
    """Deploy, record and verify qa as its account; all else under the two roles alone."""
    status, said = sides.deploy("source")
    assert status == 0, said
    account = sides.emulator.environment("qa")
    run(sides, account, "record", "qa")
    for side, role in sides.roles.items():
        role.may(STATEMENTS[side])
    options = ("--from", "qa", "--to", "prod", "--profile-from", "source", "--profile-to", "target")
    assert "to copy" in run(sides, sides.environment, "promote", "--dry-run", *options)
    reasons = ("--force", "not verified yet", "--allow-broadening", "the first deployment")
    said = run(sides, sides.environment, "promote", *options, *reasons)
    assert "prod serves prod-000001, which is qa-000001, verified" in said
    assert NOT_BUILT not in said
    run(sides, account, "verify", "qa")
    run(sides, sides.environment, "promote", *options)
    back = ("prod", "--to", "prod-000001", "--profile", "target")
    assert "prod serves prod-000001" in run(sides, sides.environment, "rollback", *back)


def run(sides: Sides, environment: dict[str, str], *arguments: str) -> str:
    """What a command says, which has to succeed."""
    ended = subprocess.run(
        [PROGRAM, *arguments],
        cwd=sides.project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture
def sides(promoted: Sides, monkeypatch: pytest.MonkeyPatch) -> Sides:
    """Both roles as they are documented, and this process as the shell of who has them."""
    for side, role in promoted.roles.items():
        role.may(STATEMENTS[side])
    for name, value in promoted.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.chdir(promoted.project)
    return promoted
