"""The AwsSolutions pack: every finding acknowledged with its reason, no acknowledgement unused."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from stacks import compliance
from stacks.serving import PackedModel
from stacks.settings import Settings
from stacks.stage import add_stages

pytestmark = pytest.mark.slow


def findings(assembly: Path) -> set[tuple[str, str]]:
    """(path below the stage, finding) of every violation in the pack's report."""
    file = assembly / "validation-report.json"
    report = json.loads(file.read_text()) if file.exists() else {"pluginReports": []}
    return {
        ("/".join(where["constructPath"].split("/")[1:]), violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for where in violation["violatingConstructs"]
    }


@pytest.fixture
def app(
    own_settings: Settings, packed_model: PackedModel, context: dict[str, Any], tmp_path: Path
) -> cdk.App:
    app = cdk.App(outdir=str(tmp_path), context=context, analytics_reporting=False)
    add_stages(app, own_settings, packed_model)
    return app


def test_synth_passes_with_the_acknowledgements(app: cdk.App, tmp_path: Path) -> None:
    compliance.apply(app)
    app.synth()
    assert findings(tmp_path) == set()


def test_each_acknowledgement_answers_a_finding_and_each_finding_has_one(
    app: cdk.App, tmp_path: Path
) -> None:
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="AwsSolutions"):
        app.synth()
    assert findings(tmp_path) == {(path, finding) for path, finding, _ in compliance.ACKNOWLEDGED}


def test_an_unacknowledged_finding_stops_the_synth(app: cdk.App) -> None:
    stage = app.node.find_child("dev")
    assert isinstance(stage, cdk.Stage)
    stack = cdk.Stack(stage, "Careless")
    cdk.aws_s3.Bucket(stack, "Open")
    compliance.apply(app)
    with pytest.raises(RuntimeError, match="AwsSolutions"):
        app.synth()
