"""What a deployment replaces: images, models, and what serves them."""

from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from stacks.component import add_component
from stacks.constructs.private_network import PrivateNetwork
from stacks.constructs.rollback_alarms import RollbackAlarms
from stacks.endpoint import ModelEndpoint
from stacks.hosted_models import MODELS_PREFIX, HostedModels
from stacks.packed_model import Models
from stacks.scaling import scale_variants
from stacks.stage_plan import StagePlan
from stacks.storage import StorageStack


class ServingStack(cdk.Stack):
    """The stateless half of a stage: it can be deleted and deployed again at any time."""

    def __init__(
        self, scope: Construct, id: str, *, plan: StagePlan, models: Models, storage: StorageStack
    ) -> None:
        super().__init__(
            scope,
            id,
            stack_name=plan.names.serving_stack,
            termination_protection=plan.settings.termination_protection,
            description="Berth: images, models, endpoint, scaling and rollback alarms of a stage.",
        )
        self.template_options.metadata = {"Berth": plan.metadata}
        self._plan, self._storage = plan, storage
        self._hosted = self._host(models)
        if plan.archives:
            self._add_archives(plan.archives)
        if plan.mode.has_endpoint:
            self._add_endpoint()
        if plan.mode.has_transform_jobs:
            self._add_workflow()

    def _host(self, models: Models) -> HostedModels:
        """The stage's models, with the network that they run in."""
        plan = self._plan
        network = PrivateNetwork(
            self, "Network", names=plan.names, settings=plan.settings.network, region=self.region
        )
        return HostedModels(
            self, "Models", plan=plan, models=models, storage=self._storage, network=network
        )

    def _add_archives(self, folder: Path) -> None:
        # With what it imports, the time of a synth: few stages have a folder of archives.
        from stacks.constructs.model_archives import ModelArchives  # noqa: PLC0415

        plan, storage = self._plan, self._storage
        archives = ModelArchives(
            self,
            "Archives",
            folder=folder,
            bucket=storage.bucket.bucket_name,
            prefix=MODELS_PREFIX,
            key=storage.key,
            log_group_name=plan.names.archives_logs,
        )
        # Whoever finds the endpoint in service finds its models, too.
        self._hosted.node.add_dependency(archives)

    def _add_endpoint(self) -> None:
        plan = self._plan
        alarms = RollbackAlarms(self, "RollbackAlarms", plan=plan, topic=self._storage.critical)
        self.rollback_alarm_names = alarms.names
        # By the alarms' references: they are there before the endpoint that names them.
        watched = [
            *(alarm.alarm_name for alarm in alarms.alarms),
            *plan.settings.update.rollback_alarms,
        ]
        serving = ModelEndpoint(
            self,
            "Serving",
            plan=plan,
            hosted=self._hosted,
            storage=self._storage,
            rollback_alarms=watched,
        )
        cdk.CfnOutput(self, "EndpointName", value=serving.name)
        if plan.mode.has_components:
            model_name = self._hosted.names[plan.variants[0].model]
            add_component(self, plan, endpoint_name=serving.name, model_name=model_name)
        elif plan.scales:
            scale_variants(self, plan, endpoint_name=serving.name)

    def _add_workflow(self) -> None:
        # As with archives: few stages are batch jobs.
        from stacks.constructs.transform_workflow import TransformWorkflow  # noqa: PLC0415

        plan = self._plan
        (variant,) = plan.variants
        workflow = TransformWorkflow(
            self,
            "Workflow",
            names=plan.names,
            model_name=self._hosted.names[variant.model],
            settings=plan.settings.batch,
            variant=variant,
            bucket=self._storage.bucket,
            key=self._storage.key,
            alarm_topic=self._storage.critical,
        )
        cdk.CfnOutput(self, "StateMachineArn", value=workflow.machine.attr_arn)
