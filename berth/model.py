"""The commands for models: build the example, pack any, push one to a multi-model endpoint."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from berth.context import Profile, StageOption, settings_of, stage_of, stages_file
from berth.errors import UsageError
from berth.screen import say

if TYPE_CHECKING:
    from rich.progress import Progress

    from model.push import Models


def model(
    context: typer.Context,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where to write the model. By default it is build/model beside stages.toml, and"
            " nothing is built where model.path names another folder.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another model.")] = 0,
    example: Annotated[
        Literal["sentiment", "encoder"] | None,
        typer.Option(
            help="Another example, in a folder of its own name beside build/model: a classifier of"
            " snippets, or an encoder of questions."
        ),
    ] = None,
    action: Annotated[
        str | None,
        typer.Argument(
            metavar="[fetch]",
            help="`fetch` brings the models that stages.toml names by an address (models:/, runs:/,"
            " mlflow-artifacts:, s3://), and pins them in models.lock.",
        ),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Pin what the addresses stand for now.")
    ] = False,
) -> None:
    """Build the example model, unless it is there and nothing that it is made of has changed."""
    if action not in {None, "fetch"} or (update and action is None):
        raise UsageError("berth model takes nothing, or fetch and perhaps --update")
    if action:
        from model.fetching import fetch  # noqa: PLC0415

        settings = settings_of(context)
        for line in fetch(settings.model_paths, settings.file.parent, update=update):
            say(line)
        return
    if example:
        from model.encoders import build  # noqa: PLC0415 - tokenizers and torch take seconds

        folder = out or stages_file(context).build / example
        build.build_if_changed(example, folder, seed=seed)
        say("in stages.toml these lines serve it:", *build.settings(f"build/{example}"))
        return
    if (trained := out or _example_of(context)) is None:
        return
    from model.build import build_if_changed  # noqa: PLC0415 - torch takes seconds

    build_if_changed(trained, seed=seed)


def _example_of(context: typer.Context) -> Path | None:
    """Where the example belongs; None where stages.toml or that folder is of another model."""
    folder, example = settings_of(context).model_folder, stages_file(context).build / "model"
    if folder.resolve() != example.resolve():
        return None
    if folder.exists() and not (folder.parent / f"{folder.name}-stamp.json").exists():
        say(f"{folder}: was not built by `berth model` and stays as it is", stderr=True)
        return None
    return example


def pack(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A model folder.")],
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="The model.tar.gz to write.")],
    convert: Annotated[
        bool,
        typer.Option(
            "--convert",
            help="First write the tokenizer.json and the model.safetensors that a folder of"
            " transformers lacks into it.",
        ),
    ] = False,
) -> None:
    """Pack FOLDER into ARCHIVE as SageMaker takes it; the same folder gives the same bytes."""
    if convert:
        from model.converting import convert as convert_folder  # noqa: PLC0415 - torch: seconds

        for made in convert_folder(folder):
            say(made)
    from model.folder import members  # noqa: PLC0415
    from model.packing import pack as pack_folder  # noqa: PLC0415

    total = sum(member.status.st_size for member in members(folder))
    with _progress() as progress:
        task = progress.add_task(f"packing {folder}", total=total)
        packed = pack_folder(folder, archive, on_bytes=lambda count: progress.advance(task, count))
    say(f"{packed.path}: {packed.size:,} bytes, sha256 {packed.sha256}")
    say(f"SHA256SUMS in it: sha256 {packed.manifest_sha256}")


def push(
    context: typer.Context,
    *,
    stage: StageOption,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="The model's name: it is called as TargetModel=NAME.tar.gz."
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="The MLflow model folder. By default it is model.path's."
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the models that are there.")] = False,
    remove: Annotated[
        str | None, typer.Option(metavar="NAME", help="Remove the model of this name.")
    ] = None,
    profile: Profile = None,
) -> None:
    """Give a stage's multi-model endpoint one more model, without a deployment."""
    if [name is not None, list_, remove is not None].count(True) != 1:
        raise UsageError("berth push takes one of NAME, --list and --remove NAME")
    from model.push import Models  # noqa: PLC0415

    models = Models(stage_of(context, stage, profile))
    if name is not None:
        _push(models, name, folder or settings_of(context).model_folder)
    elif remove is not None:
        models.remove(remove)
        say(f"{remove}: removed from {models.bucket}")
    else:
        for there, size in models.names():
            say(f"{there}  {size:,} bytes")


def _push(models: "Models", name: str, folder: Path) -> None:
    from model.folder import members  # noqa: PLC0415

    total = sum(member.status.st_size for member in members(folder))
    with _progress() as progress:
        packing = progress.add_task(f"packing {folder}", total=total)
        sending = progress.add_task(f"sending {name}", total=None)
        pushed = models.push(
            name,
            folder,
            on_packed=lambda count: progress.advance(packing, count),
            on_sent=lambda count: progress.advance(sending, count),
        )
    state = "there already" if pushed.was_there else "sent"
    say(f"{pushed.uri}: {state}, {pushed.size:,} bytes, sha256 {pushed.sha256}")
    say(f"call it with TargetModel={name}.tar.gz")


def _progress() -> "Progress":
    from rich import progress  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),  # else it leaves an empty line behind
    )
