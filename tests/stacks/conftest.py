"""Every stage of the project's own stages.toml, synthesized once, around a model of no weight."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stacks.compatibility import ModelRecord
from stacks.packed_model import PackedModel
from stacks.settings import Settings, load

Template = dict[str, Any]
EXAMPLES = sorted(
    file.parent.name for file in (Path(__file__).parents[2] / "examples").glob("*/stages.toml")
)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings of the tests' own: these may be asserted on value by value."""
    return load(Path(__file__).parent / "stages.toml")


@pytest.fixture(scope="session")
def own_settings(root: Path) -> Settings:
    """The project's stages.toml, which its users edit."""
    return load(root / "stages.toml")


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
def templates(
    synthesize: Synthesize, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Template]:
    """The templates of the tests' own settings, by `<stage>-<stack>`: `dev-Serving`."""
    return read_templates(synthesize(settings, tmp_path_factory.mktemp("assembly")))


@pytest.fixture(scope="session")
def own_assembly(
    synthesize: Synthesize, own_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The cloud assembly of the project's stages.toml."""
    return synthesize(own_settings, tmp_path_factory.mktemp("own-assembly"))


@pytest.fixture(scope="session")
def own_templates(own_assembly: Path) -> dict[str, Template]:
    """The templates of the project's stages.toml, by `<stage>-<stack>`."""
    return read_templates(own_assembly)


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


def read_templates(assembly: Path) -> dict[str, Template]:
    """Every template of a cloud assembly, by `<stage>-<stack>`."""
    return {
        artifact["displayName"].split(" ")[0].replace("/", "-"): json.loads(
            (manifest.parent / artifact["properties"]["templateFile"]).read_text()
        )
        for manifest in sorted(assembly.glob("assembly-*/manifest.json"))
        for artifact in json.loads(manifest.read_text())["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }
