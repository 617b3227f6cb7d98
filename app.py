"""The CDK app: stages.toml in, one Stage per account out.

`cdk --context stages=FILE` names the stages.toml to read; by default it is the one of the folder
that the CLI is called in.
"""

import json
import shutil
import sys
from pathlib import Path

import aws_cdk as cdk

from model.folder import ModelFolderError
from stacks.compatibility import IncompatibleError, check, read_models
from stacks.compliance import packs
from stacks.model_lock import ModelLockError
from stacks.settings import SettingsError, load
from stacks.stage import add_stages
from tools.packed_models import packed_models

ROOT = Path(__file__).resolve().parent


def new_app() -> cdk.App:
    """An app with the feature flags of cdk.json, from whichever folder the CLI is called."""
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return cdk.App(context=flags, analytics_reporting=False)


def main() -> None:
    """Synthesize every stage of stages.toml."""
    app = new_app()
    # Absolute: file assets are looked for from the assembly, not from the folder of the command.
    settings = load(Path(app.node.try_get_context("stages") or "stages.toml").resolve())
    for warning in check(settings, read_models(settings)):
        print(f"warning: {warning}", file=sys.stderr)
    add_stages(app, settings, packed_models(settings, settings.file.parent / "build"))
    packs.apply(app)
    # A release is deployed and judged by the stages.toml in its assembly, without the checkout.
    shutil.copyfile(settings.file, Path(app.synth().directory) / "stages.toml")


if __name__ == "__main__":
    try:
        main()
    except (SettingsError, IncompatibleError, ModelFolderError, ModelLockError) as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)
