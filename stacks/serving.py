"""What a deployment replaces: images, models, and what serves them."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.component import add_component
from stacks.constructs.deployment_config import deployment_config
from stacks.constructs.endpoint import ModelEndpoint
from stacks.constructs.private_network import PrivateNetwork
from stacks.constructs.rollback_alarms import RollbackAlarms
from stacks.hosted_models import MODELS_PREFIX, HostedModels
from stacks.log_groups import log_group_arn
from stacks.metadata import stage_metadata
from stacks.options import core_dump, endpoint_options
from stacks.packed_model import Models
from stacks.permissions import role_permissions
from stacks.scaling import scale_variants
from stacks.stage_plan import StagePlan, VariantPlan
from stacks.storage import StorageStack
from stacks.variants import variant_property


class ServingStack(cdk.Stack):
    """The stateless half of a stage: it can be deleted and deployed again at any time."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        plan: StagePlan,
        models: Models,
        storage: StorageStack,
    ) -> None:
        super().__init__(
            scope,
            id,
            stack_name=plan.names.serving_stack,
            termination_protection=plan.settings.termination_protection,
            description="Berth: images, models, endpoint, scaling and rollback alarms of a stage.",
        )
        self.template_options.metadata = {"Berth": stage_metadata(plan)}
        self._plan, self._storage = plan, storage
        self._hosted = self._host(models)
        if plan.archives:
            self._add_archives(plan.archives)
        if plan.mode.has_endpoint:
            self._add_endpoint()
        else:
            self._add_workflow()

    def _host(self, models: Models) -> HostedModels:
        """The stage's models, with the network that they run in."""
        plan = self._plan
        network = PrivateNetwork(
            self,
            "Network",
            names=plan.names,
            settings=plan.settings.network,
            region=self.region,
        )
        return HostedModels(
            self,
            "Models",
            plan=plan,
            models=models,
            bucket=self._storage.bucket.bucket_name,
            log_group_arn=log_group_arn(self, plan.container_logs),
            permissions=role_permissions(
                plan,
                self._storage,
                subnet_ids=network.subnet_ids,
                security_group_ids=network.security_group_ids,
            ),
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
        plan, settings = self._plan, self._plan.settings
        alarms = RollbackAlarms(self, "RollbackAlarms", plan=plan, topic=self._storage.critical)
        self.rollback_alarm_names = alarms.names
        # By the alarms' references: they are there before the endpoint that names them.
        watched = [*(alarm.alarm_name for alarm in alarms.alarms), *settings.update.rollback_alarms]
        serving = ModelEndpoint(
            self,
            "Serving",
            endpoint_name=plan.names.endpoint,
            variants=[self._variant(variant) for variant in plan.variants],
            shadow=self._variant(plan.shadow) if plan.shadow else None,
            options=endpoint_options(plan, self._storage, self._hosted),
            deployment_config=deployment_config(settings.update, watched)
            if plan.mode.has_guardrails
            else None,
            keeps_instance_count=plan.mode.has_instances and not plan.has_fixed_capacity,
        )
        cdk.CfnOutput(self, "EndpointName", value=serving.endpoint_name)
        if plan.mode.has_components:
            model_name = self._hosted.names[plan.variants[0].model]
            add_component(self, plan, serving=serving, model_name=model_name)
        elif plan.scales:
            scale_variants(self, plan, endpoint_name=serving.endpoint_name)

    def _variant(
        self, variant: VariantPlan
    ) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        return variant_property(
            variant,
            self._plan,
            model_name=self._hosted.names[variant.model],
            core_dump=core_dump(self._plan.settings, self._storage),
        )

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
