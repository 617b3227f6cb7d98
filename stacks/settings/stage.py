"""One stage of stages.toml."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from stacks.modes import MODES, ModeName
from stacks.settings.container import StageContainerSettings
from stacks.settings.endpoint import EndpointSettings, ShadowSettings, Variants
from stacks.settings.mode_settings import (
    AsyncSettings,
    BatchSettings,
    InferenceComponentSettings,
    MultiModelSettings,
    ServerlessSettings,
)
from stacks.settings.network import DataSettings, NetworkSettings
from stacks.settings.releases import ReleaseSettings
from stacks.settings.scaling import ScalingSettings, UpdateSettings
from stacks.settings.values import (
    Account,
    Region,
    RetentionDays,
    S3Archive,
    Sha256,
    Table,
    conflict,
)
from stacks.settings.watching import AlarmSettings, CaptureSettings, DriftSettings, VerifySettings


class ShippingSettings(Table):
    """`[<stage>.shipping]`. How the model gets to the instances."""

    form: Literal["archive", "files", "s3"] = "archive"
    """one archive named by its content; the files as they are, which saves unpacking at start; or
    an archive that is in S3 already"""
    s3_uri: S3Archive | None = None
    """with form = "s3": the archive"""
    manifest_sha256: Sha256 | None = None
    """SHA-256 of its SHA256SUMS, as `berth pack` prints it"""

    @field_validator("s3_uri", "manifest_sha256")
    @classmethod
    def _goes_with_its_form(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("form") != "s3":
            raise conflict('goes with form = "s3" alone')
        return value


class StageSettings(Table):
    """One stage, `[defaults]` filled in."""

    account: Account
    """the stage's AWS account id"""
    region: Region
    """the stage's AWS region"""
    mode: ModeName = "real-time"
    """how SageMaker serves the model"""
    production: bool = False
    """require two instances at least, and updates that alarms can roll back"""
    single_instance_in_production: bool = False
    """accept one instance in production, whose loss is an outage"""
    termination_protection: bool = False
    """refuse to delete the stage's stacks"""
    log_retention_days: RetentionDays = 30
    """days that the endpoint's logs are kept"""
    shipping: ShippingSettings = ShippingSettings()
    container: Annotated[StageContainerSettings, Field(default_factory=StageContainerSettings)]
    endpoint: Annotated[EndpointSettings, Field(validate_default=True)] = EndpointSettings()
    serverless: ServerlessSettings = ServerlessSettings()
    asynchronous: Annotated[AsyncSettings, Field(alias="async")] = AsyncSettings()
    batch: BatchSettings = BatchSettings()
    multi_model: MultiModelSettings = MultiModelSettings()
    inference_component: InferenceComponentSettings = InferenceComponentSettings()
    variants: Annotated[Variants, Field(default_factory=dict)]
    shadow: ShadowSettings | None = None
    scaling: ScalingSettings = ScalingSettings()
    update: UpdateSettings = UpdateSettings()
    alarms: AlarmSettings = AlarmSettings()
    capture: CaptureSettings = CaptureSettings()
    drift: DriftSettings = DriftSettings()
    verify: VerifySettings = VerifySettings()
    releases: ReleaseSettings = ReleaseSettings()
    network: NetworkSettings = NetworkSettings()
    data: DataSettings = DataSettings()

    @field_validator("endpoint")
    @classmethod
    def _has_instances_where_the_mode_does(
        cls, value: EndpointSettings, info: ValidationInfo
    ) -> EndpointSettings:
        mode = MODES.get(info.data.get("mode", ""))
        if mode and mode.has_instances and value.instance_type is None:
            raise conflict(f'instance_type is missing; mode = "{mode.name}" runs on instances')
        return value
