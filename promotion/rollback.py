"""Deploying a former release while the alarms of the one that failed are still in ALARM.

SageMaker takes an update back when one of its alarms is in ALARM, whichever release has set it off.
So the former release is deployed without them first: the endpoint serves it, the alarms come to
rest, and then the recorded assembly is deployed as it is, alarms and all.
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
"""

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from aws.assembly import StageAssembly
from aws.errors import AwsError
from aws.stage import Stage
from promotion import PromotionError, deployed
from promotion.console_output import Screen
from promotion.deploy import deploy
from promotion.exchange import drop_rollback_alarms
from promotion.verifying.alarms import Watch

_LOOK_SECONDS = 5
_MOST_SECONDS = 900  # an alarm may have another reason, which is for `verify` to find


def deploy_back(stage: Stage, folder: Path, wanted: StageAssembly, screen: Screen) -> None:
    """Deploy a former release's assembly.

    Raises DeploymentError where that fails.
    """
    stacks = list(wanted.templates)
    watch = Watch(stage, stacks)
    ringing = watch.ringing()
    if ringing and not _is_deployed(stage, wanted):
        screen.say(f"{stage.name}: first without rollback alarms: {', '.join(sorted(ringing))}")
        with TemporaryDirectory(prefix="berth-") as name:
            quiet = Path(name) / "assembly"
            shutil.copytree(folder, quiet)
            drop_rollback_alarms(quiet, stage.name)
            deploy(stage, quiet, stacks)
    if ringing:
        _wait_until_calm(stage, watch, screen)
    deploy(stage, folder, stacks)


def _is_deployed(stage: Stage, wanted: StageAssembly) -> bool:
    try:
        deployed.check_templates(stage, wanted.templates)
    except (AwsError, PromotionError):
        return False
    return True


def _wait_until_calm(stage: Stage, watch: Watch, screen: Screen) -> None:
    end = time.monotonic() + _MOST_SECONDS
    screen.say(f"{stage.name}: waiting for the alarms to come to rest")
    while watch.ringing() and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
