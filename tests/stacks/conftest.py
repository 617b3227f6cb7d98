"""Every stage of the tests' own stages.toml, synthesized once, around a model of no weight."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aws.assembly import every_template
from stacks.compatibility import ModelRecord
from stacks.packed_model import PackedModel
from stacks.settings import Settings, load
from tests import STAGES_FILE

Template = dict[str, Any]
read_templates = every_template
EXAMPLES = sorted(
    file.parent.name for file in (Path(__file__).parents[2] / "examples").glob("*/stages.toml")
)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings of the tests' own: these may be asserted on value by value."""
    return load(STAGES_FILE)


@pytest.fixture(scope="session")
def packed_model(tmp_path_factory: pytest.TempPathFactory) -> PackedModel:
    folder = tmp_path_factory.mktemp("model")
    archive = folder / "model.tar.gz"
    archive.write_bytes(b"an archive")
    (folder / "plain").write_bytes(b"a file")
    return PackedModel(
        archive=archive,
        manifest_sha256="5" * 64,
        record=ModelRecord(python_version="3.11.7", requirements="torch==2.13.0\nnumpy==2.4.6\n"),
        files={"MLmodel": folder / "plain", "data/config.json": folder / "plain"},
    )


@pytest.fixture(scope="session")
def context(root: Path) -> dict[str, Any]:
    """The feature flags of cdk.json, which the CLI would hand over."""
    loaded: dict[str, Any] = json.loads((root / "cdk.json").read_text())["context"]
    return loaded


Synthesize = Callable[..., Path]


@pytest.fixture(scope="session")
def synthesize(packed_model: PackedModel, context: dict[str, Any]) -> Synthesize:
    """Synthesize settings into a folder, without the rule packs (test_compliance has those)."""

    import aws_cdk as cdk

    from stacks.stage import add_stages

    def run(settings: Settings, folder: Path, *, model: PackedModel = packed_model) -> Path:
        app = cdk.App(outdir=str(folder), context=context, analytics_reporting=False)
        add_stages(app, settings, dict.fromkeys(settings.model_paths, model))
        app.synth()
        return folder

    return run


@pytest.fixture(scope="session")
def assembly(
    synthesize: Synthesize, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The cloud assembly of the tests' own stages.toml."""
    return synthesize(settings, tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, Template]:
    """The templates of the tests' own stages.toml, by `<stage>-<stack>`: `dev-Serving`."""
    return read_templates(assembly)


@pytest.fixture(scope="session")
def examples(
    synthesize: Synthesize, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The cloud assembly of an example, by its folder's name; synthesized once."""

    @cache
    def assembly(name: str) -> Path:
        settings = load(root / "examples" / name / "stages.toml")
        return synthesize(settings, tmp_path_factory.mktemp(name))

    return assembly


@pytest.fixture(scope="session")
def roles(
    settings: Settings, context: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Template]:
    """The templates of the roles for GitHub's jobs, by `<stage>-PipelineRoles`."""
    import aws_cdk as cdk

    from pipeline import add_roles

    folder = tmp_path_factory.mktemp("roles")
    app = cdk.App(outdir=str(folder), context=context, analytics_reporting=False)
    add_roles(app, settings)
    app.synth()
    return read_templates(folder)
