"""One stage of the pipeline: an account, a region, and the stacks in it, wired together."""

import aws_cdk as cdk
from constructs import Construct

from stacks.monitoring import MonitoringStack
from stacks.packed_model import Models
from stacks.serving import ServingStack
from stacks.settings import Settings
from stacks.stage_plan import StagePlan, stage_plans
from stacks.storage import StorageStack


class ServingStage(cdk.Stage):
    """The stacks of one stage. Nothing else wires stacks together."""

    def __init__(self, scope: Construct, id: str, *, plan: StagePlan, models: Models) -> None:
        where = cdk.Environment(account=plan.settings.account, region=plan.settings.region)
        super().__init__(scope, id, env=where)
        storage = StorageStack(self, "Storage", plan=plan)
        serving = ServingStack(self, "Serving", plan=plan, models=models, storage=storage)
        # SageMaker would make a group of its own, without a key, and keep its logs for ever.
        serving.add_stack_dependency(storage)
        if plan.mode.has_endpoint:
            monitoring = MonitoringStack(
                self,
                "Monitoring",
                plan=plan,
                critical=storage.critical,
                warning=storage.warning,
                rollback_alarm_names=serving.rollback_alarm_names,
            )
            monitoring.add_stack_dependency(serving)


def add_stages(app: cdk.App, settings: Settings, models: Models) -> None:
    """Add a stage for every table of stages.toml; `models` by the paths of their folders."""
    for name, plan in stage_plans(settings).items():
        ServingStage(app, name, plan=plan, models=models)
