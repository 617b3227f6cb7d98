"""The CDK app: stages.toml in, one Stage per account out."""

import sys
from pathlib import Path

import aws_cdk as cdk

from model.folder import ModelFolderError
from model.packing import pack_if_changed
from stacks import compliance
from stacks.compatibility import IncompatibleError, check, read_model_record
from stacks.serving import PackedModel
from stacks.settings import SettingsError, load
from stacks.stage import add_stages

ROOT = Path(__file__).parent


def main() -> None:
    """Synthesize every stage of stages.toml."""
    settings = load(ROOT / "stages.toml")
    check(settings)
    record = read_model_record(settings.model_folder)
    packed = pack_if_changed(settings.model_folder, ROOT / "build" / "model.tar.gz")
    app = cdk.App()
    add_stages(app, settings, PackedModel(packed.path, packed.manifest_sha256, record))
    compliance.apply(app)
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (SettingsError, IncompatibleError, ModelFolderError) as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)
