"""One stage of the pipeline: an account, a region, and the stacks in it, wired together."""

import aws_cdk as cdk
from constructs import Construct

from stacks.serving import PackedModel, ServingStack
from stacks.settings import Settings, StageSettings
from stacks.storage import StorageStack


class ServingStage(cdk.Stage):
    """The stacks of one stage. Nothing else wires stacks together."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        project: str,
        settings: StageSettings,
        model: PackedModel,
        cuda: str,
    ) -> None:
        super().__init__(
            scope, id, env=cdk.Environment(account=settings.account, region=settings.region)
        )
        name = f"{project}-{id}"
        storage = StorageStack(
            self,
            "Storage",
            stack_name=f"{name}-storage",
            termination_protection=settings.termination_protection,
            subscribers=settings.alarms.subscribers,
        )
        ServingStack(
            self,
            "Serving",
            stack_name=f"{name}-serving",
            endpoint_name=name,
            settings=settings,
            model=model,
            cuda=cuda,
            alarm_topic=storage.alarm_topic,
        )


def add_stages(app: cdk.App, settings: Settings, model: PackedModel) -> None:
    """Add a stage for every table of stages.toml."""
    for name, stage in settings.stages.items():
        ServingStage(
            app,
            name,
            project=settings.project,
            settings=stage,
            model=model,
            cuda=settings.container.cuda,
        )
