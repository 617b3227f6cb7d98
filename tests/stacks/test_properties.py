"""Whatever a settings file asks for: it is refused in readable lines, or its stacks are sound."""

import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import given, settings

from stacks.compatibility import IncompatibleError, check
from stacks.compliance import packs
from stacks.compliance.endpoint_rules import RULES
from stacks.packed_model import PackedModel
from stacks.settings import Settings, SettingsError, load
from stacks.stage import add_stages
from tests.stacks.compatibility.asking import MODEL
from tests.stacks.conftest import Template, read_templates
from tests.stacks.linting import lint
from tests.stacks.settings_files import settings_files

pytestmark = pytest.mark.slow

MODELS = {"model": MODEL, "candidate": replace(MODEL, name="candidate")}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files lie; the folder of archives that some of them name is there."""
    there = tmp_path_factory.mktemp("settings")
    (there / "archives").mkdir()
    (there / "archives" / "english.tar.gz").write_bytes(b"an archive")
    return there


def accepted(file: Path) -> Settings | None:
    """The settings; None where they are refused, in lines that say where and what."""
    try:
        read = load(file)
        check(read, MODELS)
    except (SettingsError, IncompatibleError) as refusal:
        for line in str(refusal).split("\n"):
            assert line.startswith("stages.toml: dev."), line
            assert line.isprintable(), line
            assert 30 < len(line) < 400, line
        return None
    return read


def templates_of(asked: Settings, context: dict[str, Any], model: PackedModel) -> list[Template]:
    """Synthesized with the packs, which raise where they find something."""
    with tempfile.TemporaryDirectory() as outdir:
        app = cdk.App(outdir=outdir, context=context, analytics_reporting=False)
        add_stages(app, asked, dict.fromkeys(MODELS, model))
        packs.apply(app)
        app.synth()
        return list(read_templates(Path(outdir)).values())


def named_partitions(template: Template) -> set[str]:
    """The partitions of the ARNs that a template writes out."""
    return set(re.findall(r"arn:([a-z-]+):", json.dumps(template)))


def partition_of(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if "-gov-" in region else "aws"


@settings(max_examples=settings().max_examples // 4, derandomize=True)
@given(text=settings_files())
def test_a_settings_file_is_refused_in_readable_lines_or_makes_sound_stacks(
    text: str, folder: Path, context: dict[str, Any], packed_model: PackedModel
) -> None:
    file = folder / "stages.toml"
    file.write_text(text, encoding="utf-8")
    asked = accepted(file)
    if asked is None:
        return
    for template in templates_of(asked, context, packed_model):
        assert [rule.name for rule in RULES if list(rule.broken_by(template))] == []
        region = asked.stages["dev"].region
        assert list(lint(template, region)) == []
        assert named_partitions(template) <= {partition_of(region)}
