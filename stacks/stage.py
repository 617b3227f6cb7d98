"""One stage of the pipeline: an account, a region, and the stacks in it, wired together."""

from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from stacks.log_groups import container_logs, log_groups
from stacks.monitoring import MonitoringStack
from stacks.packed import Models
from stacks.serving import ServingStack
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
        model: str,
        models: Models,
        archives: Path | None,
        cuda: str,
    ) -> None:
        """`model`: which of `models` serves where a variant names no other.

        `archives`: a folder of more, for a multi-model endpoint.
        """
        super().__init__(
            scope, id, env=cdk.Environment(account=settings.account, region=settings.region)
        )
        name = f"{project}-{id}"
        storage = StorageStack(
            self,
            "Storage",
            stack_name=f"{name}-storage",
            settings=settings,
            log_groups=log_groups(settings, name, archives=archives is not None),
        )
        serving = ServingStack(
            self,
            "Serving",
            stack_name=f"{name}-serving",
            endpoint_name=name,
            settings=settings,
            model=model,
            models=models,
            archives=archives,
            cuda=cuda,
            storage=storage,
        )
        # SageMaker would make a group of its own, without a key, and keep its logs for ever.
        serving.add_stack_dependency(storage)
        if settings.mode != "batch":
            monitoring = MonitoringStack(
                self,
                "Monitoring",
                stack_name=f"{name}-monitoring",
                endpoint_name=name,
                settings=settings,
                variants={one.name: next(iter(one.instance_types), "") for one in serving.variants},
                critical=storage.critical,
                warning=storage.warning,
                rollback_alarm_names=serving.rollback_alarm_names,
                log_group_name=container_logs(settings, name),
                inference_component_name=name if settings.mode == "inference-component" else None,
            )
            monitoring.add_stack_dependency(serving)


def add_stages(app: cdk.App, settings: Settings, models: Models) -> None:
    """Add a stage for every table of stages.toml; `models` by the paths of their folders."""
    for name, stage in settings.stages.items():
        ServingStage(
            app,
            name,
            project=settings.project,
            settings=stage,
            model=settings.model.path,
            models=models,
            archives=settings.archives(name),
            cuda=settings.container.cuda,
        )
