"""What a deployment replaces: images, models, and what serves them."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.component import add_component
from stacks.constructs.deployment_config import deployment_config, has_guardrails
from stacks.constructs.endpoint import ModelEndpoint
from stacks.constructs.private_network import PrivateNetwork
from stacks.constructs.rollback_alarms import RollbackAlarms
from stacks.facts import stage_facts
from stacks.hosted_models import MODELS_PREFIX, HostedModels
from stacks.log_groups import container_logs, log_group_arn
from stacks.needs import encrypts_volumes, role_needs
from stacks.options import core_dump, endpoint_options
from stacks.packed import Models
from stacks.scaling import has_fixed_capacity, scale_variants, scales
from stacks.settings import StageSettings
from stacks.storage import StorageStack
from stacks.variants import Variant, production_variants, shadow_variant, variant_property


class ServingStack(cdk.Stack):
    """The stateless half of a stage: it can be deleted and deployed again at any time."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stack_name: str,
        endpoint_name: str,
        settings: StageSettings,
        model: str,
        models: Models,
        archives: Path | None,
        cuda: str,
        storage: StorageStack,
    ) -> None:
        """`model`: which of `models` serves where a variant names no other.

        `archives`: a folder of more, for a multi-model endpoint.
        """
        super().__init__(
            scope,
            id,
            stack_name=stack_name,
            termination_protection=settings.termination_protection,
            description="Berth: images, models, endpoint, scaling and rollback alarms of a stage.",
        )
        self.template_options.metadata = {"Berth": stage_facts(settings)}
        self._settings, self._storage, self._cuda = settings, storage, cuda
        self._endpoint_name = endpoint_name
        self.variants = production_variants(settings, model)
        self._shadow = shadow_variant(settings)
        every = [*self.variants, *([self._shadow] if self._shadow else [])]
        self._instance_types = [one for variant in every for one in variant.instance_types]
        self._hosted = self._host(list(dict.fromkeys(variant.model for variant in every)), models)
        if archives:
            self._add_archives(archives)
        if settings.mode == "batch":
            self._add_workflow()
        else:
            self._add_endpoint()

    def _host(self, used: list[str], models: Models) -> HostedModels:
        """The stage's models, with the network that they run in."""
        settings = self._settings
        network = PrivateNetwork(
            self,
            "Network",
            name=self._endpoint_name,
            settings=settings.network,
            region=self.region,
        )
        return HostedModels(
            self,
            "Models",
            settings=settings,
            used=used,
            models=models,
            cuda=self._cuda,
            bucket=self._storage.bucket.bucket_name,
            log_group_arn=log_group_arn(self, container_logs(settings, self._endpoint_name)),
            needs=role_needs(
                settings,
                self._storage,
                instance_types=self._instance_types,
                subnet_ids=network.subnet_ids,
                security_group_ids=network.security_group_ids,
            ),
        )

    def _add_archives(self, folder: Path) -> None:
        # With what it imports, the time of a synth: few stages have a folder of archives.
        from stacks.constructs.model_archives import ModelArchives  # noqa: PLC0415

        storage = self._storage
        archives = ModelArchives(
            self,
            "Archives",
            name=self._endpoint_name,
            folder=folder,
            bucket=storage.bucket.bucket_name,
            prefix=MODELS_PREFIX,
            key=storage.key,
        )
        # Whoever finds the endpoint in service finds its models, too.
        self._hosted.node.add_dependency(archives)

    def _add_endpoint(self) -> None:
        settings, name = self._settings, self._endpoint_name
        component = name if settings.mode == "inference-component" else None
        alarms = RollbackAlarms(
            self,
            "RollbackAlarms",
            endpoint_name=name,
            variant_names=[variant.name for variant in self.variants],
            topic=self._storage.critical,
            invocation_5xx_percent=settings.alarms.invocation_5xx_percent,
            model_latency_p99_ms=settings.alarms.model_latency_p99_ms,
            publishing=settings.endpoint.metrics,
            inference_component_name=component,
        )
        self.rollback_alarm_names = alarms.names
        # By the alarms' references: they are there before the endpoint that names them.
        watched = [*(alarm.alarm_name for alarm in alarms.alarms), *settings.update.rollback_alarms]
        guarded = has_guardrails(settings.mode)
        serving = ModelEndpoint(
            self,
            "Serving",
            endpoint_name=name,
            variants=[self._variant(variant) for variant in self.variants],
            shadow=self._variant(self._shadow) if self._shadow else None,
            options=endpoint_options(
                settings,
                self._storage,
                self._hosted,
                encrypts_volumes=encrypts_volumes(self._instance_types),
            ),
            deployment_config=deployment_config(settings.update, watched) if guarded else None,
            keeps_instance_count=settings.mode != "serverless" and not has_fixed_capacity(settings),
        )
        cdk.CfnOutput(self, "EndpointName", value=serving.endpoint_name)
        if component:
            (variant,) = self.variants
            add_component(
                self,
                settings,
                name=component,
                serving=serving,
                variant_name=variant.name,
                model_name=self._hosted.names[variant.model],
            )
        elif scales(settings):
            names = [variant.name for variant in self.variants]
            scale_variants(self, serving.endpoint_name, names, settings)

    def _variant(self, variant: Variant) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        return variant_property(
            variant,
            self._settings,
            model_name=self._hosted.names[variant.model],
            cuda=self._cuda,
            core_dump=core_dump(self._settings, self._storage),
        )

    def _add_workflow(self) -> None:
        # As with archives: few stages are batch jobs.
        from stacks.constructs.transform_workflow import TransformWorkflow  # noqa: PLC0415

        (variant,), (instance_type,) = self.variants, self._instance_types
        workflow = TransformWorkflow(
            self,
            "Workflow",
            name=self._endpoint_name,
            model_name=self._hosted.names[variant.model],
            settings=self._settings.batch,
            instance_type=instance_type,
            bucket=self._storage.bucket,
            key=self._storage.key,
            alarm_topic=self._storage.critical,
        )
        cdk.CfnOutput(self, "StateMachineArn", value=workflow.machine.attr_arn)
