"""What a deployment replaces: images, models, and what serves them."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.constructs.deployment_config import deployment_config, has_guardrails
from stacks.constructs.endpoint import ONLY_VARIANT, ModelEndpoint
from stacks.constructs.inference_component import InferenceComponent
from stacks.constructs.rollback_alarms import RollbackAlarms
from stacks.hosted_models import HostedModels
from stacks.needs import encrypts_volumes, role_needs
from stacks.options import core_dump, endpoint_options
from stacks.packed import Models
from stacks.scaling import has_fixed_capacity, scale_component, scale_variant, scales
from stacks.settings import StageSettings
from stacks.storage import StorageStack
from stacks.variants import (
    Variant,
    instance_property,
    production_variants,
    serverless_property,
    shadow_variant,
)


def stage_facts(settings: StageSettings) -> dict[str, bool | str]:
    """What the rules for endpoints want to know of a stage, for the template's metadata."""
    return {
        "mode": settings.mode,
        "production": settings.production,
        "single_instance": settings.single_instance_in_production,
        "network_isolation": settings.network.isolation,
        "guarded": has_guardrails(settings.mode)
        and (settings.production or settings.update.strategy != "all-at-once"),
    }


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
        cuda: str,
        storage: StorageStack,
    ) -> None:
        """`model`: which of `models` serves where a variant names no other."""
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
        types = [one for variant in every for one in variant.instance_types]
        self._encrypts_volumes = encrypts_volumes(types)
        self.log_group = self._log_group()
        hosted = HostedModels(
            self,
            "Models",
            settings=settings,
            used=list(dict.fromkeys(variant.model for variant in every)),
            models=models,
            cuda=cuda,
            bucket=storage.bucket.bucket_name,
            log_group_arn=self._log_group_arn(),
            needs=role_needs(
                settings,
                storage,
                instance_types=types,
                subnet_ids=settings.network.subnet_ids,
                security_group_ids=settings.network.security_group_ids,
            ),
        )
        if settings.mode == "batch":
            self._add_workflow(hosted)
        else:
            self._add_endpoint(hosted)

    def _log_group(self) -> logs.CfnLogGroup | None:
        """The endpoint's. SageMaker would make it itself, and keep its logs for ever."""
        if self._settings.mode == "batch":
            return None
        component = self._settings.mode == "inference-component"
        kind = "InferenceComponents" if component else "Endpoints"
        return logs.CfnLogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/sagemaker/{kind}/{self._endpoint_name}",
            retention_in_days=self._settings.log_retention_days,
            kms_key_id=self._storage.key.key_arn,
        )

    def _log_group_arn(self) -> str:
        if self.log_group:
            return self.log_group.attr_arn
        # All transform jobs of an account log to this one, which is not the stage's to make.
        return (
            f"arn:{self.partition}:logs:{self.region}:{self.account}"
            ":log-group:/aws/sagemaker/TransformJobs:*"
        )

    def _add_endpoint(self, hosted: HostedModels) -> None:
        settings, name = self._settings, self._endpoint_name
        alarms = RollbackAlarms(
            self,
            "RollbackAlarms",
            endpoint_name=name,
            variant_names=[variant.name for variant in self.variants],
            topic=self._storage.critical,
            invocation_5xx_percent=settings.alarms.invocation_5xx_percent,
            model_latency_p99_ms=settings.alarms.model_latency_p99_ms,
        )
        self.rollback_alarms = alarms.alarms
        # By their names' references, so that the alarms are there before the endpoint.
        watched = [*(alarm.alarm_name for alarm in alarms.alarms), *settings.update.rollback_alarms]
        serving = ModelEndpoint(
            self,
            "Serving",
            endpoint_name=name,
            variants=[self._variant(variant, hosted) for variant in self.variants],
            shadow=self._variant(self._shadow, hosted) if self._shadow else None,
            options=endpoint_options(
                settings, self._storage, hosted, encrypts_volumes=self._encrypts_volumes
            ),
            deployment_config=deployment_config(settings.update, watched)
            if has_guardrails(settings.mode)
            else None,
            keeps_instance_count=settings.mode != "serverless" and not has_fixed_capacity(settings),
        )
        if self.log_group:
            serving.endpoint.add_resource_dependency(self.log_group)
        if settings.mode == "inference-component":
            self._add_component(serving, hosted)
        elif scales(settings):
            for variant in self.variants:
                scale_variant(
                    self,
                    "Scaling" if variant.name == ONLY_VARIANT else f"Scaling{variant.name}",
                    endpoint_name=serving.endpoint_name,
                    variant_name=variant.name,
                    settings=settings,
                )
        cdk.CfnOutput(self, "EndpointName", value=serving.endpoint_name)

    def _variant(
        self, variant: Variant, hosted: HostedModels
    ) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        settings = self._settings
        if settings.mode == "serverless":
            return serverless_property(settings, hosted.names[variant.model])
        component = settings.mode == "inference-component"
        return instance_property(
            variant,
            settings,
            model_name=None if component else hosted.names[variant.model],
            cuda=self._cuda,
            core_dump=core_dump(settings, self._storage),
        )

    def _add_component(self, serving: ModelEndpoint, hosted: HostedModels) -> None:
        settings, (variant,) = self._settings, self.variants
        component = InferenceComponent(
            self,
            "Component",
            name=self._endpoint_name,
            endpoint_name=serving.endpoint_name,
            variant_name=variant.name,
            model_name=hosted.names[variant.model],
            copies=settings.scaling.initial,
            resources=settings.inference_component,
            timeouts=settings.endpoint,
        ).component
        if scales(settings):
            scale_component(
                self,
                "Scaling",
                component=component,
                name=self._endpoint_name,
                settings=settings,
            )
        cdk.CfnOutput(self, "InferenceComponentName", value=self._endpoint_name)
