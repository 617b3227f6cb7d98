"""`cdk bootstrap`, by the real CDK CLI, of the emulated accounts that are not bootstrapped yet."""

import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from aws import cloudformation
from localaws.accounts import CDK
from localaws.home import LocalAwsError
from localaws.lifecycle import Emulator

STACK = "CDKToolkit"


def bootstrap(emulator: Emulator, stages: Iterable[str]) -> list[str]:
    """Bootstrap the accounts of `stages`, side by side; the stages it was done for.

    Raises LocalAwsError with the CLI's last line where it fails.
    """
    waiting = {
        (emulator.settings.stages[stage].account, emulator.settings.stages[stage].region): stage
        for stage in stages
        if not _is_bootstrapped(emulator, stage)
    }
    with ThreadPoolExecutor(max_workers=max(len(waiting), 1)) as pool:
        list(pool.map(lambda stage: _bootstrap(emulator, stage), waiting.values()))
    return list(waiting.values())


def _is_bootstrapped(emulator: Emulator, stage: str) -> bool:
    found = cloudformation.stack(emulator.session(stage).client("cloudformation"), STACK)
    return found is not None and found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def _bootstrap(emulator: Emulator, stage: str) -> None:
    chosen = emulator.settings.stages[stage]
    # In the state folder there is no stages.toml and no cdk.json: the CLI does not start the app.
    result = subprocess.run(
        [CDK, "bootstrap", f"aws://{chosen.account}/{chosen.region}"],
        cwd=emulator.home,
        env=emulator.environment(stage),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        lines = [line for line in (result.stderr or result.stdout).splitlines() if line.strip()]
        reason = lines[-1].strip() if lines else f"exit status {result.returncode}"
        raise LocalAwsError(f"cdk bootstrap of {stage} ({chosen.account}): {reason}")
