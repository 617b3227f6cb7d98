"""Snapshots of the templates of every stage, beside stages.toml, for review.

They are JSON, one file for each stack of each stage, in which only the hashes of assets are masked:
an image or a model with other bytes does not change the infrastructure.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from berth.context import settings_of
from berth.generated import Check, differences, refuse_differences
from berth.screen import say
from berth.synthesis import synthesized


def snapshots(
    context: typer.Context,
    *,
    check: Check = False,
    assembly: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A cloud assembly of every stage, as cdk.out, to read. By default it is"
            " synthesized.",
        ),
    ] = None,
) -> None:
    """Write the template of every stage's stacks to snapshots/ beside stages.toml.

    Keep the files in version control: a review then shows what a change does to the templates.
    """
    from aws.assembly import every_template  # noqa: PLC0415
    from aws.snapshots import FOLDER  # noqa: PLC0415

    settings = settings_of(context)
    with synthesized(settings, assembly) as folder:
        texts = rendered(every_template(folder))
    place = settings.file.parent / FOLDER
    if not check:
        write(place, texts)
        say(f"{place}: {len(texts)} templates")
        return
    refuse_differences(place, differences(kept(place), texts), "berth snapshots")
    say(f"{place}: {len(texts)} templates, all as they are kept")


def rendered(templates: Mapping[str, Any]) -> dict[str, str]:
    """The text of each template by the name of its file."""
    from aws.snapshots import snapshot  # noqa: PLC0415

    return {f"{name}.json": snapshot(template) for name, template in templates.items()}


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the texts to a folder, and remove every other snapshot there."""
    folder.mkdir(exist_ok=True)
    for name in kept(folder).keys() - texts:
        (folder / name).unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def kept(folder: Path) -> dict[str, str]:
    """The snapshots in a folder, by the names of their files."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json"))}
