"""A stage as the checks see it: its settings, its machines, its models."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from stacks.compatibility.findings import Finding
from stacks.compatibility.model_folder import ModelFolder
from stacks.settings import Settings, StageSettings
from stacks.settings.mistakes import toml_value


@dataclass(frozen=True)
class Placement:
    """A model and the instance types, each by its key, that it may come to run on."""

    model: str
    machines: tuple[tuple[str, str], ...]

    @property
    def instance_types(self) -> tuple[str, ...]:
        """In order of priority."""
        return tuple(instance_type for _, instance_type in self.machines)


@dataclass(frozen=True)
class CheckedStage:
    """One stage of stages.toml, and what of the rest of it the stage depends on."""

    name: str
    whole: Settings
    models: Mapping[str, ModelFolder]
    server_pins: Mapping[str, str]

    @property
    def settings(self) -> StageSettings:
        """The stage's own tables."""
        return self.whole.stages[self.name]

    @property
    def mode(self) -> str:
        """How the stage serves."""
        return self.settings.mode

    @property
    def cuda(self) -> str:
        """CUDA of the image, or "none"."""
        return self.whole.container.cuda

    @property
    def has_endpoint(self) -> bool:
        """Whether something stays up: batch jobs come and go."""
        return self.mode != "batch"

    @property
    def on_instances(self) -> bool:
        """Whether SageMaker runs instances that the settings name."""
        return self.mode != "serverless"

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Every model of the stage with its machines: of the endpoint, a variant, the shadow."""
        main = self.whole.model.path
        found = [
            self._placement(f"variants.{name}.instance_type", variant.model or main)
            for name, variant in self.settings.variants.items()
        ] or [self._placement("endpoint.instance_type", main)]
        if self.settings.shadow:
            found.append(self._placement("shadow.instance_type", self.settings.shadow.model))
        return tuple(found)

    def _placement(self, key: str, model: str) -> Placement:
        if not self.on_instances:
            return Placement(model, ())
        if key != "endpoint.instance_type" and (own := self._value(key)):
            return Placement(model, ((key, str(own)),))
        endpoint = self.settings.endpoint
        first = [("endpoint.instance_type", endpoint.instance_type)]
        fallbacks = [
            (f"endpoint.fallback_instance_types[{index}]", name)
            for index, name in enumerate(endpoint.fallback_instance_types)
        ]
        return Placement(model, tuple((key, name) for key, name in first + fallbacks if name))

    @property
    def machines(self) -> dict[str, str]:
        """Every instance type of the stage by its key."""
        return {key: name for placement in self.placements for key, name in placement.machines}

    @property
    def shipped(self) -> Iterator[tuple[Placement, ModelFolder]]:
        """The models that go to the instances from their folders, with their machines."""
        if self.mode != "multi-model" and self.settings.shipping.form != "s3":
            for placement in self.placements:
                yield placement, self.models[placement.model]

    @property
    def models_in_use(self) -> tuple[ModelFolder, ...]:
        """Every model folder that the stage's image or instances are made from."""
        names = dict.fromkeys(placement.model for placement in self.placements)
        return tuple(self.models[name] for name in names)

    @property
    def archives(self) -> tuple[Path, ...] | None:
        """What lies in a multi-model stage's folder of archives; None where that cannot be read."""
        folder = self.whole.archives(self.name)
        if folder is None:
            return ()
        try:
            return tuple(sorted(folder.iterdir()))
        except (OSError, ValueError):  # ValueError: a zero byte in the path
            return None

    def refuse_file(self, file: str, text: str) -> Finding:
        """A refusal that lies in a file of a model."""
        return Finding("refusal", self.name, file, text)

    def warn_file(self, file: str, text: str) -> Finding:
        """A warning that lies in a file of a model."""
        return Finding("warning", self.name, file, text)

    def refuse(self, key: str, text: str) -> Finding:
        """A refusal at a key of the stage."""
        return Finding("refusal", self.name, self._where(key), text)

    def warn(self, key: str, text: str) -> Finding:
        """A warning at a key of the stage."""
        return Finding("warning", self.name, self._where(key), text)

    def _where(self, key: str) -> str:
        return f"{self.whole.file.name}: {self.name}.{key}{toml_value(self._value(key))}"

    def _value(self, key: str) -> object:
        found: object = self.settings
        for part in re.findall(r"[^.\[\]]+", key):
            if isinstance(found, BaseModel):
                names = {name: field.alias for name, field in type(found).model_fields.items()}
                found = getattr(found, part if part in names else _named(part, names))
            elif isinstance(found, dict):
                found = found[part]
            elif isinstance(found, tuple):
                found = found[int(part)]
        return _plain(found)


def _named(alias: str, names: dict[str, str | None]) -> str:
    return next(name for name, known in names.items() if known == alias)


def _plain(value: object) -> object:
    """A value as TOML would have it; a table stands on its own lines."""
    if isinstance(value, BaseModel) or value is None:
        return {}
    if isinstance(value, tuple):
        return {} if any(isinstance(item, BaseModel) for item in value) else list(value)
    return value
