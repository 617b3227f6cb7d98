"""The modes: the ways in which SageMaker hosts a model, and what each of them can do.

A mode is one object here. Everything else asks a mode what it can do, and never for its name:
tests/stacks/test_walls.py holds that. How to add one: docs/modes.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ModeName = Literal[
    "real-time", "serverless", "async", "batch", "multi-model", "inference-component"
]

ScalingTarget = Literal[
    "invocations_per_instance",
    "concurrent_requests_per_model",
    "backlog_per_instance",
    "provisioned_concurrency_percent",
]
"""The keys of `[<stage>.scaling]` that say at which load capacity is added."""

Metric = Literal[
    "Invocations",
    "OverheadLatency",
    "ModelSetupTime",
    "ModelCacheHit",
    "ApproximateBacklogSize",
    "ServerlessConcurrentExecutionsUtilization",
]
"""The metrics of SageMaker that some modes publish and others do not."""

INSTANCE_COUNT = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED_CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
COPY_COUNT = "sagemaker:inference-component:DesiredCopyCount"

_BY_LOAD: tuple[ScalingTarget, ...] = ("concurrent_requests_per_model", "invocations_per_instance")
_ANSWERED_AT_ONCE: tuple[Metric, ...] = ("Invocations", "OverheadLatency")
MOST_VARIANTS = 10


@dataclass(frozen=True, kw_only=True)
class Mode:
    """What a mode has, what a stage may ask of it, and what follows for its release.

    The defaults are those of a real-time endpoint.
    """

    name: ModeName
    """As stages.toml has it."""
    settings_table: str | None = None
    """The table of a stage that this mode alone reads, by its name in the file."""

    has_endpoint: bool = True
    """Something stays up and can be called, deployed to in place, scaled and watched."""
    has_transform_jobs: bool = False
    """A state machine starts transform jobs, which read and write the stage's bucket."""
    has_instances: bool = True
    """Instances of the types that stages.toml names run the model. Without, it is serverless."""
    has_guardrails: bool = True
    """SageMaker's deployment guardrails guard updates: blue/green and rolling updates, which
    alarms roll back. Source: SageMaker's guide, "Deployment guardrails" and its exclusions."""
    has_queue: bool = False
    """InvokeEndpointAsync queues requests, which lie in S3 as their results do."""
    has_components: bool = False
    """The model is an inference component on the endpoint's instances."""
    has_archives: bool = False
    """The endpoint serves every archive under a prefix of the stage's bucket."""

    can_be_isolated: bool = True
    """A container can be without any network."""
    can_join_a_vpc: bool = True
    can_capture_data: bool = True
    can_ship_files: bool = True
    """Source: ContainerDefinition.ModelDataSource in SageMaker's service model."""
    most_variants: int = 0
    """How many variants stages.toml may name; 0 where it may name none."""
    can_have_a_shadow: bool = False

    scalable_dimension: str = INSTANCE_COUNT
    """What Application Auto Scaling counts; empty where nothing scales."""
    scaling_targets: tuple[ScalingTarget, ...] = _BY_LOAD
    """Those for which the mode publishes a metric, in alphabetical order. Source: SageMaker's
    guide, "Metrics for monitoring SageMaker AI with CloudWatch" and "Autoscale an asynchronous
    endpoint"."""
    can_scale_in_steps: bool = False
    can_reach_zero: bool = False
    """There may be no instance at all, and one comes back when there is something to do."""
    metrics: tuple[Metric, ...] = _ANSWERED_AT_ONCE

    unverifiable: str | None = None
    """Why a release cannot be verified where it runs, and so not be promoted; None where it can."""


_EVERY_MODE = (
    Mode(
        name="real-time",
        most_variants=MOST_VARIANTS,
        can_have_a_shadow=True,
        can_scale_in_steps=True,
    ),
    # Exclusions: SageMaker's guide, "Deploy models with SageMaker Serverless Inference".
    Mode(
        name="serverless",
        settings_table="serverless",
        has_instances=False,
        has_guardrails=False,
        can_be_isolated=False,
        can_join_a_vpc=False,
        can_capture_data=False,
        can_ship_files=False,
        most_variants=1,
        scalable_dimension=PROVISIONED_CONCURRENCY,
        scaling_targets=("provisioned_concurrency_percent",),
        metrics=(*_ANSWERED_AT_ONCE, "ModelSetupTime", "ServerlessConcurrentExecutionsUtilization"),
    ),
    Mode(
        name="async",
        settings_table="async",
        has_queue=True,
        most_variants=MOST_VARIANTS,
        scaling_targets=("backlog_per_instance",),
        can_reach_zero=True,
        # https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
        metrics=("ApproximateBacklogSize",),
    ),
    Mode(
        name="batch",
        settings_table="batch",
        has_endpoint=False,
        has_transform_jobs=True,
        has_guardrails=False,
        can_ship_files=False,
        scalable_dimension="",
        scaling_targets=(),
        can_reach_zero=True,
        metrics=(),
        unverifiable="a batch transform has no endpoint",
    ),
    Mode(
        name="multi-model",
        settings_table="multi_model",
        has_archives=True,
        can_ship_files=False,
        can_scale_in_steps=True,
        metrics=(*_ANSWERED_AT_ONCE, "ModelCacheHit"),
        unverifiable="the models of a multi-model endpoint are not pinned by its release",
    ),
    # SageMaker could replace components batch by batch: the stacks do not ask for that.
    Mode(
        name="inference-component",
        settings_table="inference_component",
        has_guardrails=False,
        has_components=True,
        scalable_dimension=COPY_COUNT,
        can_reach_zero=True,
    ),
)
MODES: Mapping[str, Mode] = {mode.name: mode for mode in _EVERY_MODE}
