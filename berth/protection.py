"""The rules of GitHub's environments: set by a command, and looked at by the plan."""

from typing import TYPE_CHECKING, Annotated

import typer

from berth.context import settings_of
from berth.exit_status import ExitStatus

if TYPE_CHECKING:
    from stacks.settings import Settings


def protect(
    context: typer.Context,
    *,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Change nothing. Say what of the rules does not hold, and end with exit status 1"
            " where something does not.",
        ),
    ] = False,
) -> None:
    """Protect GitHub's environments, one for each stage: make them, or change their rules.

    Each is deployed to from main alone; a deployment to a production stage is approved by
    pipeline.owners, and not by who started it. It takes `gh`, logged in as an administrator of the
    repository.
    """
    from berth import github  # noqa: PLC0415
    from stacks.job_roles import pipeline_of  # noqa: PLC0415

    settings = settings_of(context)
    pipeline, found = pipeline_of(settings), list[str]()
    if not check:
        github.check_owners(settings, pipeline)
    for stage in settings.stages:
        if not check:
            github.protect(settings, pipeline, stage)
        weak = list(github.weaknesses(settings, pipeline, stage))
        found += weak
        for line in weak or ["protected"]:
            print(f"environment {stage}: {line}")
    if found and check:
        raise typer.Exit(ExitStatus.NO)


def unprotected(settings: "Settings", stage: str) -> list[str]:
    """What a change plan says of a stage's environment: nothing where there is no pipeline."""
    from berth import github  # noqa: PLC0415

    if settings.pipeline is None:
        return []
    name = f"GitHub's environment {stage}"
    try:
        weak = list(github.weaknesses(settings, settings.pipeline, stage))
    except github.GitHubError as error:
        return [f"{name}: not looked at: {error}"]
    return [f"{name}: {line}; see `berth protect`" for line in weak]
