"""The CDK app: stages.toml in, one Stage per account out."""

import sys
from pathlib import Path

import aws_cdk as cdk

from model.folder import ModelFolderError
from stacks.compatibility import IncompatibleError, check, read_models
from stacks.compliance import packs
from stacks.settings import SettingsError, load
from stacks.stage import add_stages
from tools.kept_inputs import keep_inputs
from tools.packed_models import packed_models

ROOT = Path(__file__).parent


def main() -> None:
    """Synthesize every stage of stages.toml."""
    settings = load(ROOT / "stages.toml")
    for warning in check(settings, read_models(settings)):
        print(f"warning: {warning}", file=sys.stderr)
    models = packed_models(settings, ROOT / "build")
    app = cdk.App()
    add_stages(app, settings, models)
    packs.apply(app)
    keep_inputs(Path(app.synth().directory), settings)


if __name__ == "__main__":
    try:
        main()
    except (SettingsError, IncompatibleError, ModelFolderError) as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)
