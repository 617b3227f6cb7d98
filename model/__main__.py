"""`python -m model`: `build` trains the example, `pack` and `push` take any MLflow model folder."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from model.folder import ModelFolderError, members
from model.packing import pack
from model.stage import StageError, read_stage

if TYPE_CHECKING:
    from model.push import Models

_EXAMPLE = Path("build/model")


def main() -> int:
    """Run a command; 0, or 2 after one line that says what is wrong."""
    parsed = _parser().parse_args()
    try:
        if parsed.command == "build":
            from model.build import build_if_changed  # noqa: PLC0415 - torch takes seconds

            build_if_changed(parsed.out, seed=parsed.seed)
        elif parsed.command == "pack":
            _pack(parsed.folder, parsed.archive)
        else:
            _push(parsed)
    except (ModelFolderError, StageError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="train the example model, if it has changed")
    build.add_argument("--out", type=Path, default=_EXAMPLE, help="default: %(default)s")
    build.add_argument("--seed", type=int, default=0, help="another seed makes another model")
    pack_ = commands.add_parser("pack", help="pack an MLflow model folder into a model.tar.gz")
    pack_.add_argument("folder", type=Path)
    pack_.add_argument("archive", type=Path)
    push = commands.add_parser("push", help="give a multi-model endpoint one more model")
    what = push.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", metavar="NAME", help="called as TargetModel=NAME.tar.gz")
    what.add_argument("--list", action="store_true", help="show the models that are there")
    what.add_argument("--remove", metavar="NAME", help="take a model away")
    push.add_argument("--stage", required=True, help="a table of stages.toml")
    push.add_argument("--folder", type=Path, help="an MLflow model folder; default: model.path")
    return parser


def _pack(folder: Path, archive: Path) -> None:
    total = sum(member.status.st_size for member in members(folder))
    with _progress() as progress:
        task = progress.add_task(f"packing {folder}", total=total)
        packed = pack(folder, archive, on_bytes=lambda count: progress.advance(task, count))
    print(f"{packed.path}: {packed.size:,} bytes, sha256 {packed.sha256}")
    print(f"SHA256SUMS in it: sha256 {packed.manifest_sha256}")


def _push(parsed: argparse.Namespace) -> None:
    from model.push import Models  # noqa: PLC0415 - boto3 takes a third of a second

    stage = read_stage(Path("stages.toml"), parsed.stage)
    models = Models(stage)
    if parsed.list:
        for name, size in models.names():
            print(f"{name}  {size:,} bytes")
    elif parsed.remove:
        models.remove(parsed.remove)
        print(f"{parsed.remove}: removed from {models.bucket}")
    else:
        _push_one(models, parsed.name, parsed.folder or stage.model_folder)


def _push_one(models: "Models", name: str, folder: Path) -> None:
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
    print(f"{pushed.uri}: {state}, {pushed.size:,} bytes, sha256 {pushed.sha256}")
    print(f"call it with TargetModel={name}.tar.gz")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),  # else it leaves an empty line behind
    )


if __name__ == "__main__":
    sys.exit(main())
