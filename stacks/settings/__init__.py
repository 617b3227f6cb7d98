"""stages.toml as frozen models: every mistake is one readable line.

The tables `[model]`, `[container]` and `[defaults]` stand beside one table a stage. What a stage
leaves out comes from `[defaults]`, and what that leaves out has the default of its key.
"""

from stacks.settings.file import ModelSettings, Settings, load
from stacks.settings.stage import StageSettings
from stacks.settings.values import SettingsError
from stacks.settings.watching import VerifySettings

__all__ = [
    "ModelSettings",
    "Settings",
    "SettingsError",
    "StageSettings",
    "VerifySettings",
    "load",
]
