"""The CDK app: stages.toml in, one Stage per account out."""

import sys
import time
from pathlib import Path

import aws_cdk as cdk

from model.folder import ModelFolderError, members
from model.packing import pack_if_changed
from stacks import compliance
from stacks.compatibility import IncompatibleError, check, read_model_record
from stacks.serving import PackedModel
from stacks.settings import SettingsError, load
from stacks.stage import add_stages

ROOT = Path(__file__).parent
_SECONDS_A_LINE = 5


def main() -> None:
    """Synthesize every stage of stages.toml."""
    settings = load(ROOT / "stages.toml")
    check(settings)
    record = read_model_record(settings.model_folder)
    archive = ROOT / "build" / "model.tar.gz"
    progress = _Lines(settings.model_folder)
    packed = pack_if_changed(settings.model_folder, archive, on_bytes=progress)
    app = cdk.App()
    add_stages(app, settings, PackedModel(packed.path, packed.manifest_sha256, record))
    compliance.apply(app)
    app.synth()


class _Lines:
    """Says how far a long packing is, in lines, as the CDK CLI passes on no others."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._read, self._said = folder, 0, time.monotonic()
        self._total = sum(member.status.st_size for member in members(folder))

    def __call__(self, count: int) -> None:
        self._read += count
        if time.monotonic() - self._said >= _SECONDS_A_LINE:
            self._said = time.monotonic()
            done = f"{self._read / 1e9:.1f} of {self._total / 1e9:.1f} GB"
            print(f"packing {self._folder}: {done}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (SettingsError, IncompatibleError, ModelFolderError) as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)
