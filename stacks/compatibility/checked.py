"""A stage as the checks see it: its plan, and what its models' folders hold."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from stacks.compatibility.findings import Finding
from stacks.compatibility.model_folder import ModelFolder
from stacks.settings import StageSettings
from stacks.settings.mistakes import unless_secret
from stacks.stage_plan import Mode, StagePlan, VariantPlan


@dataclass(frozen=True)
class CheckedStage:
    """The plan of one stage, with the models that it serves."""

    plan: StagePlan
    models: Mapping[str, ModelFolder]
    server_requirements: Mapping[str, Requirement]
    """What a worker imports beside the model, by name."""
    before: StagePlan | None = None
    """The stage that releases come from; none for the first one."""

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.plan.names.stage

    @property
    def settings(self) -> StageSettings:
        """The stage's own tables."""
        return self.plan.settings

    @property
    def mode(self) -> Mode:
        """How the stage serves."""
        return self.plan.mode

    @property
    def cuda(self) -> str:
        """CUDA of the image, or "none"."""
        return self.plan.cuda

    @property
    def instance_types(self) -> dict[str, str]:
        """Every instance type of the stage by its key in the stage's table."""
        return {
            key: name for variant in self.plan.every_variant for key, name in variant.types_by_key
        }

    @property
    def shipped(self) -> Iterator[tuple[VariantPlan, ModelFolder]]:
        """The models that go to the instances from their folders, with what they run on."""
        if not self.mode.has_archives and self.settings.shipping.form != "s3":
            for variant in self.plan.every_variant:
                yield variant, self.models[variant.model]

    @property
    def models_in_use(self) -> tuple[ModelFolder, ...]:
        """Every model folder that the stage's image or instances are made from."""
        return tuple(self.models[name] for name in self.plan.models)

    @property
    def archives(self) -> tuple[Path, ...] | None:
        """What lies in a multi-model stage's folder of archives; None where that cannot be read."""
        folder = self.plan.archives
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
        return f"{self.plan.file.name}: {self.name}.{key}{unless_secret(key, self._value(key))}"

    def _value(self, key: str) -> object:
        found: Any = self.settings.model_dump(by_alias=True)
        for part in re.findall(r"[^.\[\]]+", key):
            found = found[int(part) if isinstance(found, tuple) else part]
        # What is unset, and tables in an array, which stand on their own lines, show no value.
        if found is None or (isinstance(found, tuple) and any(isinstance(i, dict) for i in found)):
            return {}
        return list(found) if isinstance(found, tuple) else found
