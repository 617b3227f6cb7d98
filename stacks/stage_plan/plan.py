"""A stage's plan, and how it is made of stages.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.modes import MODES, Mode, ScalingTarget
from stacks.settings import Settings, StageSettings
from stacks.settings.scaling import ScalingSettings
from stacks.stage_plan.names import TRANSFORM_JOB_LOGS, StageNames
from stacks.stage_plan.variants import VariantPlan, production_variants, shadow_variant

_EVERY_TARGET = sorted({target for mode in MODES.values() for target in mode.scaling_targets})


@dataclass(frozen=True)
class StagePlan:
    """What checks, stacks, alarms and promotion know of a stage."""

    names: StageNames
    mode: Mode
    settings: StageSettings
    """What stages.toml says, for values from which nothing else follows."""
    file: Path
    """stages.toml."""
    model: str
    """The model folder, as it stands in the file, of variants that name no other."""
    cuda: str
    """CUDA of the image, or "none"."""
    environment: Mapping[str, str]
    """Variables of the server, beside those that its model's source has."""
    variants: tuple[VariantPlan, ...]
    """Those that serve requests, one at least."""
    shadow: VariantPlan | None
    """The one that gets copies of requests."""
    archives: Path | None
    """The folder of archives that each deployment of a multi-model stage copies."""

    @property
    def every_variant(self) -> tuple[VariantPlan, ...]:
        """The variants and the shadow."""
        return (*self.variants, self.shadow) if self.shadow else self.variants

    @property
    def models(self) -> tuple[str, ...]:
        """Every model folder of the stage, once each."""
        return tuple(dict.fromkeys(variant.model for variant in self.every_variant))

    @property
    def component(self) -> str | None:
        """The name of the inference component that serves in the variant's place."""
        return self.names.component if self.mode.has_components else None

    @property
    def container_logs(self) -> str:
        """The log group of the stage's containers, whose name SageMaker gives.

        https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
        """
        if self.mode.has_transform_jobs:
            return TRANSFORM_JOB_LOGS
        names = self.names
        return names.component_logs if self.mode.has_components else names.endpoint_logs

    @property
    def log_groups(self) -> dict[str, str]:
        """The names of the log groups that the stage has, by their logical ids."""
        names, groups = self.names, {}
        if self.mode.has_endpoint:
            groups["ContainerLogs"] = self.container_logs
        if self.mode.has_transform_jobs:
            groups["StateMachineLogs"] = names.state_machine_logs
        if self.settings.network.new_vpc:
            groups["FlowLogs"] = names.flow_logs
            groups["DefaultGroupLogs"] = names.default_group_logs
        if self.archives:
            groups["ModelArchivesLogs"] = names.archives_logs
        return groups

    @property
    def metadata(self) -> dict[str, bool | str]:
        """What the endpoint pack's rules want to know and a template does not show."""
        return {
            "mode": self.mode.name,
            "production": self.settings.production,
            "single_instance": self.settings.single_instance_in_production,
            "network_isolation": self.settings.network.isolation,
            "guarded": self.has_guarded_updates,
        }

    @property
    def is_isolated(self) -> bool:
        """Whether the container has no network at all."""
        return self.settings.network.isolation and self.mode.can_be_isolated

    @property
    def encrypts_volumes(self) -> bool:
        """Whether the stage's key encrypts storage volumes: an EndpointConfig has one key for all
        variants, and takes none where an instance type has disks of its own."""
        return all(variant.has_volumes for variant in self.every_variant)

    @property
    def has_guarded_updates(self) -> bool:
        """Whether alarms have to be there that roll an update back."""
        asked = self.settings.production or self.settings.update.strategy != "all-at-once"
        return self.mode.has_guardrails and asked

    @property
    def scaling(self) -> ScalingSettings:
        """The scaling settings without the targets that the mode has no metrics for.

        A stage cannot take back what `[defaults]` sets, and of some Application Auto Scaling would
        refuse the policy.
        """
        others = set(_EVERY_TARGET) - set(self.mode.scaling_targets)
        return self.settings.scaling.model_copy(update=dict.fromkeys(others))

    @property
    def ineffective_targets(self) -> list[str]:
        """The scaling targets that are set, and that the mode has no metrics for."""
        return [
            target
            for target in _EVERY_TARGET
            if getattr(self.settings.scaling, target) and target not in self.mode.scaling_targets
        ]

    @property
    def effective_targets(self) -> list[ScalingTarget]:
        """The scaling targets that are set, and that the mode has metrics for."""
        scaling = self.settings.scaling
        return [target for target in self.mode.scaling_targets if getattr(scaling, target)]

    @property
    def can_scale(self) -> bool:
        """Whether there is capacity that Application Auto Scaling may choose."""
        serverless = self.settings.serverless
        there = self.mode.has_instances or bool(serverless.provisioned_concurrency)
        return bool(self.mode.scalable_dimension) and there and self.settings.scaling.enabled

    @property
    def scales(self) -> bool:
        """Whether Application Auto Scaling has a choice to make."""
        return self.can_scale and not self.has_fixed_capacity

    @property
    def has_fixed_capacity(self) -> bool:
        """Whether every update sets the capacity that stages.toml names.

        Where scaling is only switched off for a while, an update keeps what it had reached.
        """
        scaling = self.settings.scaling
        return scaling.min_capacity == scaling.max_capacity and not scaling.schedule


def stage_plans(settings: Settings) -> Mapping[str, StagePlan]:
    """The plan of every stage of stages.toml, by the stage's name, in the order of the file."""
    return {name: _plan(name, settings) for name in settings.stages}


def _plan(name: str, settings: Settings) -> StagePlan:
    stage, model, cuda = settings.stages[name], settings.model.path, settings.container.cuda
    mode = MODES[stage.mode]
    archives = stage.multi_model.archives if mode.has_archives else None
    return StagePlan(
        names=StageNames(settings.project, name),
        mode=mode,
        settings=stage,
        file=settings.file,
        model=model,
        cuda=cuda,
        environment={**settings.model.environment, **stage.container.environment},
        variants=production_variants(stage, mode, model=model, cuda=cuda),
        shadow=shadow_variant(stage, mode, cuda=cuda),
        archives=settings.file.parent / archives if archives is not None else None,
    )
