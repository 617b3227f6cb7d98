"""The classifier of snippets and the encoder of questions, built and served."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from berth_serving.config import Settings
from berth_serving.models import load
from model.encoders.build import build_if_changed
from stacks.compatibility.golden_set import parse
from stacks.model_layout import check_layout
from tests.container.models.requests import ask, predictions

pytestmark = pytest.mark.long


@pytest.mark.parametrize(("example", "least"), [("sentiment", 0.85), ("encoder", 0.9)])
def test_a_built_example_answers_its_golden_set_on_the_servers_engine(
    tmp_path: Path, example: str, least: float
) -> None:
    folder = tmp_path / example
    build_if_changed(example, folder, seed=0)
    assert check_layout(folder) == "encoder"
    report = json.loads((tmp_path / f"{example}-report.json").read_text())
    assert (report.get("accuracy") or report["nearest"]) >= least
    model = load(Settings(model_dir=folder, threads=1))
    content = (folder / "golden.jsonl").read_bytes()
    cases: list[Any] = list(parse(content, "golden.jsonl"))
    assert len(cases) == 200
    found = [predictions(ask(model, case.input))[0] for case in cases]
    if example == "sentiment":
        right = [one["label"] == case.label for one, case in zip(found, cases, strict=True)]
        assert sum(right) >= least * len(cases)
    else:
        np.testing.assert_allclose(found, [case.vector for case in cases], atol=1e-4)

    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*")}
    build_if_changed(example, folder, seed=0)
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*")} == before
