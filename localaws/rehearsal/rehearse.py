"""A release from dev to prod, by the commands that a user types, on this machine's AWS."""

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from localaws.accounts import BERTH, CDK, CHECKOUT
from localaws.bootstrap import bootstrap
from localaws.console import SCREEN, played, run, say
from localaws.home import LocalAwsError
from localaws.lifecycle import Emulator, running
from stacks.settings import load

_STEPS = 7


def rehearse(home: Path) -> None:
    """Deploy to dev, promote to prod; a worse model is refused, a broken one rolled back.

    Raises LocalAwsError where a step ends in another way than expected.
    """
    project = home / "project"
    shutil.rmtree(project, ignore_errors=True)
    (project / "build").mkdir(parents=True)
    shutil.copy(CHECKOUT / "localaws" / "rehearsal" / "stages.toml", project)
    settings = load(project / "stages.toml")
    with (
        played(),
        ThreadPoolExecutor(max_workers=1) as pool,
        running(home, settings) as emulator,
    ):
        bootstrapped = pool.submit(bootstrap, emulator, list(settings.stages))
        _Rehearsal(emulator, project, bootstrapped).play()
    SCREEN.print(f"  {project / 'build' / 'reports'}: a page for each verification")


class _Rehearsal:
    """The steps, in order."""

    def __init__(
        self, emulator: Emulator, project: Path, bootstrapped: "Future[list[str]]"
    ) -> None:
        self._emulator, self._project, self._bootstrapped = emulator, project, bootstrapped
        self._model, self._step = project / "build" / "model", 0
        # The checkout has usually built it already.
        self._example = CHECKOUT / "build" / "model"

    def play(self) -> None:
        self._say("Three accounts are bootstrapped; the example model is built and goes to dev")
        run([BERTH, "model", "--out", str(self._example)], "the model cannot be built")
        shutil.copytree(self._example, self._model)
        self._deploy()
        self._berth("verify", "dev")
        self._say("dev to qa: first the plan, then the same bytes, verified there")
        # What these templates allow has been seen: qa and prod are new, and all is new in them.
        self._berth("snapshots", "--assembly", "cdk.out")
        self._berth("promote", "--from", "dev", "--to", "qa", "--dry-run")
        self._berth("promote", "--from", "dev", "--to", "qa")
        self._say("qa to prod")
        self._berth("promote", "--from", "qa", "--to", "prod")
        self._say("A worse model comes to dev: the gate stops it (exit status 1)")
        change_model(self._example, self._model, WORSE)
        self._deploy()
        self._berth("verify", "dev", status=1)
        self._berth("promote", "--from", "dev", "--to", "qa", status=1)
        self._say(
            "A broken one is forced: qa is rolled back to its previous release (exit status 1)"
        )
        change_model(self._example, self._model, BROKEN)
        self._deploy()
        forced = ("--force", "to see the rollback")
        self._berth("promote", "--from", "dev", "--to", "qa", *forced, status=1)
        self._say("The history of qa")
        self._berth("history", "qa")
        self._say("Ending AWS on this machine")

    def _deploy(self) -> None:
        """`make deploy`, in the project of the rehearsal."""
        self._run([CDK, "synth", "--quiet", "**"], "cdk synth failed")
        self._bootstrapped.result()
        command = [CDK, "deploy", "--app", "cdk.out", "--require-approval", "never", "dev/*"]
        self._run(command, "cdk deploy of dev failed")
        self._berth("record", "dev")

    def _berth(self, *arguments: str, status: int = 0) -> None:
        failure = f"`berth {' '.join(arguments)}` did not end with status {status}"
        self._run([BERTH, *arguments], failure, status)

    def _run(self, command: list[str], failure: str, status: int = 0) -> None:
        shown = " ".join(f"'{word}'" if " " in word or "*" in word else word for word in command)
        SCREEN.print(f"[dim]$ {shown.replace(CDK, 'cdk').replace(BERTH, 'berth')}[/]")
        environment = self._emulator.environment("dev")
        run(command, failure, environment=environment, folder=self._project, status=status)

    def _say(self, text: str) -> None:
        self._step += 1
        say(f"{self._step}/{_STEPS}", text)


_CODE = "ner.py"

# Words become part of a span only where the classifier is certain, so many are missed.
WORSE = ("< 0.5 * pieces", "< 0.0005 * pieces")
# Every span gets a label that the golden set does not have.
BROKEN = (
    "    return [span for span in spans if",
    '    return [{**span, "label": "BROKEN"} for span in spans if',
)


def change_model(model: Path, folder: Path, change: tuple[str, str]) -> None:
    """Copy the example model into `folder`, with a piece of its code replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = (folder / _CODE).read_text(encoding="utf-8")
    if change[0] not in code:
        raise LocalAwsError(f"{model / _CODE}: it must contain {change[0]!r}")
    (folder / _CODE).write_text(code.replace(*change), encoding="utf-8")
