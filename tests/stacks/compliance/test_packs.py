"""The rule packs at synth: every finding acknowledged with its reason, none for nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from stacks.compliance import packs
from stacks.compliance.acknowledged import FINDINGS
from stacks.compliance.endpoint_rules import RULES
from stacks.packed_model import PackedModel
from stacks.settings import Settings, load
from stacks.stage import add_stages
from tests.stacks.conftest import EXAMPLES, read_templates

pytestmark = pytest.mark.slow


def findings(assembly: Path) -> set[tuple[str, str]]:
    """(path below the stage, finding) of every violation in the packs' report."""
    file = assembly / "validation-report.json"
    report = json.loads(file.read_text()) if file.exists() else {"pluginReports": []}
    return {
        ("/".join(where.get("constructPath", "").split("/")[1:]), violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for where in violation["violatingConstructs"]
    }


@pytest.fixture
def app(context: dict[str, Any], tmp_path: Path) -> cdk.App:
    return cdk.App(outdir=str(tmp_path), context=context, analytics_reporting=False)


@pytest.fixture
def archives_stage(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The multi-model example with a folder of archives, which an example does not have."""
    folder = tmp_path_factory.mktemp("with-archives")
    (folder / "archives").mkdir()
    (folder / "archives" / "english.tar.gz").write_bytes(b"an archive")
    text = (root / "examples" / "multi-model" / "stages.toml").read_text()
    file = folder / "stages.toml"
    file.write_text(f'{text}\n[dev.multi_model]\narchives = "archives"\n')
    return file


def add(app: cdk.App, settings: Settings, model: PackedModel) -> None:
    add_stages(app, settings, dict.fromkeys(settings.model_paths, model))


def test_synth_of_the_projects_own_stages_passes(
    app: cdk.App, own_settings: Settings, packed_model: PackedModel, tmp_path: Path
) -> None:
    add(app, own_settings, packed_model)
    packs.apply(app)
    app.synth()
    assert findings(tmp_path) == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_synth_of_every_example_passes(
    app: cdk.App, root: Path, packed_model: PackedModel, tmp_path: Path, name: str
) -> None:
    add(app, load(root / "examples" / name / "stages.toml"), packed_model)
    packs.apply(app)
    app.synth()
    assert findings(tmp_path) == set()


def test_synth_of_a_folder_of_archives_passes(
    app: cdk.App, packed_model: PackedModel, tmp_path: Path, archives_stage: Path
) -> None:
    add(app, load(archives_stage), packed_model)
    packs.apply(app)
    app.synth()
    assert findings(tmp_path) == set()
    for template in read_templates(tmp_path).values():
        assert not [rule.name for rule in RULES if list(rule.broken_by(template))]


def every_finding(
    files: list[Path], context: dict[str, Any], model: PackedModel, folder: Path
) -> Iterator[tuple[str, str]]:
    for file in files:
        name = file.parent.name
        app = cdk.App(outdir=str(folder / name), context=context, analytics_reporting=False)
        add(app, load(file), model)
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), NIST80053R5Checks(app))
        with pytest.raises(RuntimeError, match="AwsSolutions"):
            app.synth()
        yield from findings(folder / name)


def test_each_acknowledgement_answers_a_finding_of_an_example(
    root: Path,
    context: dict[str, Any],
    packed_model: PackedModel,
    tmp_path: Path,
    archives_stage: Path,
) -> None:
    files = [root / "examples" / name / "stages.toml" for name in EXAMPLES]
    found = set(every_finding([*files, archives_stage], context, packed_model, tmp_path))
    unanswering = {(path, finding) for path, finding, _ in FINDINGS} - found
    assert not unanswering


def test_an_unacknowledged_finding_stops_the_synth(
    app: cdk.App, own_settings: Settings, packed_model: PackedModel
) -> None:
    add(app, own_settings, packed_model)
    stage = app.node.find_child("dev")
    assert isinstance(stage, cdk.Stage)
    stack = cdk.Stack(stage, "Careless")
    cdk.aws_s3.Bucket(stack, "Open")
    packs.apply(app)
    with pytest.raises(RuntimeError, match="AwsSolutions"):
        app.synth()


def test_a_broken_rule_of_the_endpoint_pack_stops_the_synth(
    app: cdk.App, own_settings: Settings, packed_model: PackedModel, tmp_path: Path
) -> None:
    add(app, own_settings, packed_model)
    stage = app.node.find_child("prod")
    assert isinstance(stage, cdk.Stage)
    cdk.aws_sagemaker.CfnModel(
        cdk.Stack(stage, "Careless"),
        "Model",
        primary_container=cdk.aws_sagemaker.CfnModel.ContainerDefinitionProperty(
            image="333333333333.dkr.ecr.eu-central-1.amazonaws.com/ner:latest"
        ),
    )
    packs.apply(app)
    with pytest.raises(RuntimeError, match="PinnedImage"):
        app.synth()
    assert {rule for _, rule in findings(tmp_path)} == {"PinnedImage", "NetworkIsolation"}
