"""The variants of a stage, with the instance types that each of them may run on."""

from dataclasses import dataclass

from stacks.ami_versions import inference_ami, transform_ami
from stacks.instance_types import has_local_storage
from stacks.modes import Mode
from stacks.settings import StageSettings

# SageMaker's own name for an endpoint's only variant.
ONLY_VARIANT = "AllTraffic"
SHADOW_VARIANT = "Shadow"


@dataclass(frozen=True)
class VariantPlan:
    """A variant: a model on instances."""

    name: str
    model: str
    """The path of the model's folder as it stands in stages.toml."""
    weight: float
    count: int
    """Instances of the first deployment."""
    types_by_key: tuple[tuple[str, str], ...]
    """Instance types, in order of priority, each with its key in the stage's table. Empty where
    the mode has no instances."""
    ami_version: str | None
    """The host image whose NVIDIA driver runs the image's CUDA; None without a GPU."""

    @property
    def instance_types(self) -> tuple[str, ...]:
        """In order of priority; empty where the mode has no instances."""
        return tuple(instance_type for _, instance_type in self.types_by_key)

    @property
    def has_volumes(self) -> bool:
        """Whether storage volumes hold the model, which a KMS key can encrypt.

        Disks of an instance's own are encrypted by the hardware, and CreateEndpointConfig refuses
        a key for them.
        """
        return bool(self.types_by_key) and not any(map(has_local_storage, self.instance_types))


def production_variants(
    settings: StageSettings, mode: Mode, *, model: str, cuda: str
) -> tuple[VariantPlan, ...]:
    """Those that serve requests; one, named as SageMaker itself does, where stages.toml names none.

    `model`: the folder of variants that name no other.
    """
    count, types = settings.scaling.initial, _Types(settings, mode, cuda)
    if not settings.variants:
        return (VariantPlan(ONLY_VARIANT, model, 1, count, *types.of("endpoint", None)),)
    return tuple(
        VariantPlan(
            name,
            variant.model or model,
            variant.weight,
            count,
            *types.of(f"variants.{name}", variant.instance_type),
        )
        for name, variant in settings.variants.items()
    )


def shadow_variant(settings: StageSettings, mode: Mode, *, cuda: str) -> VariantPlan | None:
    """The one that gets copies of requests. Its weight beside the other's 1 is their share."""
    shadow = settings.shadow
    if shadow is None:
        return None
    return VariantPlan(
        SHADOW_VARIANT,
        shadow.model,
        shadow.percent / 100,
        shadow.instance_count,
        *_Types(settings, mode, cuda).of("shadow", shadow.instance_type),
    )


@dataclass(frozen=True)
class _Types:
    """Chooses instance types, and the AMI that goes with them."""

    settings: StageSettings
    mode: Mode
    cuda: str

    def of(self, table: str, own: str | None) -> tuple[tuple[tuple[str, str], ...], str | None]:
        """The types of the variant in that table: its own, or the endpoint's with fallbacks."""
        if not self.mode.has_instances:
            return (), None  # [defaults] may name instance types for the other stages
        types = ((f"{table}.instance_type", own),) if own else self._endpoints()
        return types, self._ami([name for _, name in types])

    def _ami(self, types: list[str]) -> str | None:
        if self.mode.has_transform_jobs:
            return transform_ami(types[0])
        return inference_ami(types[0], self.cuda, types[1:])

    def _endpoints(self) -> tuple[tuple[str, str], ...]:
        endpoint = self.settings.endpoint
        fallbacks = (
            (f"endpoint.fallback_instance_types[{index}]", name)
            for index, name in enumerate(endpoint.fallback_instance_types)
        )
        assert endpoint.instance_type  # noqa: S101 - the settings have seen to that
        return (("endpoint.instance_type", endpoint.instance_type), *fallbacks)
