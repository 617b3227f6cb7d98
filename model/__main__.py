"""`python -m model`: `build` trains the example, `pack` packs any MLflow model folder."""

import argparse
import sys
from pathlib import Path

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

_EXAMPLE = Path("build/model")


def main() -> int:
    """Run a command; 0, or 2 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="train the example model, if it has changed")
    build.add_argument("--out", type=Path, default=_EXAMPLE, help="default: %(default)s")
    build.add_argument("--seed", type=int, default=0, help="another seed makes another model")
    pack_ = commands.add_parser("pack", help="pack an MLflow model folder into a model.tar.gz")
    pack_.add_argument("folder", type=Path)
    pack_.add_argument("archive", type=Path)
    parsed = parser.parse_args()
    try:
        if parsed.command == "build":
            from model.build import build_if_changed  # noqa: PLC0415 - torch takes seconds

            build_if_changed(parsed.out, seed=parsed.seed)
        else:
            _pack(parsed.folder, parsed.archive)
    except ModelFolderError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _pack(folder: Path, archive: Path) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    total = sum(member.status.st_size for member in members(folder))
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(f"packing {folder}", total=total)
        packed = pack(folder, archive, on_bytes=lambda count: progress.advance(task, count))
    print(f"{packed.path}: {packed.size:,} bytes, sha256 {packed.sha256}")
    print(f"SHA256SUMS in it: sha256 {packed.manifest_sha256}")


if __name__ == "__main__":
    sys.exit(main())
