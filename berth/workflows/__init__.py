"""GitHub's workflows for the stages of stages.toml (docs/ci.md).

In the templates beside this file expressions are in square brackets, as GitHub's are in braces.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from berth.context import StageName, settings_of
from berth.generated import Check, differences, refuse_differences

if TYPE_CHECKING:
    from stacks.settings import Settings

_NAMES = ("deploy.yml", "promote.yml", "pull-request.yml")


def roles(context: typer.Context, stage: StageName) -> None:
    """Print the roles that the job of STAGE assumes, as outputs of a GitHub workflow's step."""
    from stacks.job_roles import outputs  # noqa: PLC0415

    settings = settings_of(context)
    settings.stage(stage)
    for name, value in outputs(settings, stage).items():
        print(f"{name}={value}")


def workflows(context: typer.Context, *, check: Check = False) -> None:
    """Write GitHub's workflows for the stages, into .github/workflows beside stages.toml.

    They check and plan each pull request, deploy the first stage from main, and promote from each
    stage to the next. Other workflows in that folder are left alone. With pipeline.owners it writes
    .github/CODEOWNERS, too.
    """
    from berth.workflows.owners import codeowners  # noqa: PLC0415

    settings = settings_of(context)
    place, written = settings.file.parent / ".github" / "workflows", texts(settings)
    files = {name: place / name for name in written}
    if owners := codeowners(settings):
        written["CODEOWNERS"], files["CODEOWNERS"] = owners, place.parent / "CODEOWNERS"
    if not check:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            files[name].write_text(text, encoding="utf-8")
        print(f"{place}: {', '.join(written)}")
        return
    kept = {name: file.read_text("utf-8") for name, file in files.items() if file.exists()}
    refuse_differences(place, differences(kept, written), "berth workflows")
    print(f"{place}: {', '.join(written)}: as stages.toml has it")


def texts(settings: "Settings") -> dict[str, str]:
    """The workflows, by the names of their files."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(  # noqa: S701 - makes YAML, of names that the settings have checked
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = _quoted
    environment.globals.update(
        stages=settings.stages,
        berth=settings.pipeline.berth if settings.pipeline else None,
    )
    return {name: environment.get_template(f"{name}.j2").render() for name in _NAMES}


def _quoted(name: str) -> str:
    """A stage's name as YAML takes it for a string: one may be called `on` or `null`."""
    import yaml  # noqa: PLC0415

    return name if yaml.safe_load(name) == name else f'"{name}"'
