"""The classifier of texts and the sentence encoder from nothing to prod, by their commands.

AWS is the emulator; the CDK CLI and the container's program are real. A worse one of each stops at
dev.
"""

import json
import shutil
from pathlib import Path

import pytest

from localaws.bootstrap import bootstrap
from tests.berth_cli import run
from tests.promotion.commands import ended, said
from tests.promotion.rehearsed import deploy, rehearsed, shown

pytestmark = pytest.mark.long


def other_names(folder: Path) -> None:
    """A classifier that takes one tone for the other."""
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "positive", "1": "neutral", "2": "negative"}
    (folder / "config.json").write_text(json.dumps(config))


def other_pooling(folder: Path) -> None:
    """An encoder that takes the first token's state for the text's."""
    file = folder / "1_Pooling" / "config.json"
    settings = json.loads(file.read_text())
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({**settings, "pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True})
    )


WORSE = {"sentiment": other_names, "encoder": other_pooling}


@pytest.mark.parametrize(
    ("example", "evaluator"), [("sentiment", "labels"), ("encoder", "vectors")]
)
def test_an_example_goes_to_prod_by_one_command_each_and_a_worse_one_is_stopped(
    root: Path, built_model: Path, tmp_path: Path, example: str, evaluator: str
) -> None:
    folder = tmp_path / "built" / example
    built = run("model", "--example", example, "--out", str(folder), folder=root)
    _, said_so, table = built.stdout.partition("in stages.toml these lines serve it:\n")
    assert said_so, built.stderr
    with rehearsed(root, built_model, tmp_path, model=table) as deployment:
        model = deployment.project / "build" / example
        shutil.copytree(folder, model)
        deploy(deployment)
        assert said(deployment, "verify", "dev").endswith("dev-000001: passed\n")
        bootstrap(deployment.emulator, ["prod"])
        ended(deployment, "snapshots", "--assembly", "cdk.out")
        ended(deployment, "promote", "--from", "dev", "--to", "qa")
        printed, _ = ended(deployment, "promote", "--from", "qa", "--to", "prod")
        assert printed.endswith("prod serves prod-000001, which is qa-000001, verified\n")
        (evidence,) = shown(deployment, "prod")["evidence"]
        assert (evidence["golden"]["evaluator"], evidence["golden"]["cases"]) == (evaluator, 200)

        WORSE[example](model)
        deploy(deployment)
        found = said(deployment, "verify", "dev", status=1)
        assert "accuracy drop" in found
        assert found.endswith("dev-000002: not passed\n")
        _, wrong = ended(deployment, "promote", "--from", "dev", "--to", "qa", status=1)
        assert wrong.startswith("dev-000002 did not pass: accuracy: ")
