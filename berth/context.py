"""The context of every command: stages.toml, read once, and options that several commands have."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aws.stage import Stage
    from stacks.settings import Settings

ROOT = Path(__file__).parents[1]

StageName = Annotated[str, typer.Argument(metavar="STAGE", help="A stage of stages.toml.")]
StageOption = Annotated[
    str, typer.Option("--stage", metavar="STAGE", help="A stage of stages.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script to read.")]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="PROFILE",
        help="An AWS profile of the stage's account. Without it, the profile <project>-<stage> is"
        " used where there is one, else boto3's usual chain of credentials.",
    ),
]


@dataclass(frozen=True)
class StagesFile:
    """The file that --stages names. Build outputs lie beside it."""

    path: Path

    @cached_property
    def settings(self) -> "Settings":
        """What the file says. Raises SettingsError where it is wrong."""
        from stacks.settings import load  # noqa: PLC0415 - pydantic takes a fifth of a second

        return load(self.path)

    @property
    def build(self) -> Path:
        """The folder of packed models and reports."""
        return self.path.parent / "build"

    @property
    def reports(self) -> Path:
        """The folder of reports on releases."""
        return self.build / "reports"


def stages_file(context: typer.Context) -> StagesFile:
    """The file that the program was started with."""
    found = context.find_object(StagesFile)
    assert found is not None  # noqa: S101 - the program's callback has put it there
    return found


def stage_of(context: typer.Context, name: str, profile: str | None) -> "Stage":
    """A stage with clients of its account, by the credentials of a profile."""
    from aws.stage import Stage  # noqa: PLC0415 - boto3 takes a quarter of a second

    return Stage(settings_of(context), name, profile=profile)


def settings_of(context: typer.Context) -> "Settings":
    """The settings, loaded at the first call. Raises SettingsError where the file is wrong."""
    return stages_file(context).settings
