"""Deploying a former release while the alarms of the one that failed are still in ALARM.

SageMaker rolls an update back when one of its alarms is in ALARM, whichever release has caused it.
So the former release is first deployed without these alarms. The endpoint then serves it, the
alarms return to OK, and the recorded assembly is deployed as it is, with its alarms.
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
"""

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from aws.stage import Stage
from promotion import deployed
from promotion.console_output import Screen
from promotion.deploy import deploy
from promotion.exchange import drop_rollback_alarms
from promotion.store import Unpacked
from promotion.verifying.alarms import Watch

_LOOK_SECONDS = 5
_MOST_SECONDS = 900  # an alarm may have another cause, which the verification reports


def deploy_former(stage: Stage, made: Unpacked, screen: Screen) -> None:
    """Deploy a former release's assembly. Raises DeploymentError where that fails."""
    watch = Watch(stage, made.wanted.templates)
    in_alarm = watch.in_alarm()
    if in_alarm and not deployed.has_templates(stage, made.wanted.templates):
        screen.say(f"{stage.name}: first without rollback alarms: {', '.join(sorted(in_alarm))}")
        with TemporaryDirectory(prefix="berth-") as name:
            quiet = Path(name) / "assembly"
            shutil.copytree(made.folder, quiet)
            drop_rollback_alarms(quiet, stage.name)
            deploy(stage, quiet)
    if in_alarm:
        end = time.monotonic() + _MOST_SECONDS
        screen.say(f"{stage.name}: waiting until no alarm is in ALARM")
        while watch.in_alarm() and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
    deploy(stage, made.folder)
