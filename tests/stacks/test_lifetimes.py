"""What lies in a stage's buckets is deleted when stages.toml says."""

from pathlib import Path
from typing import Any

import pytest

from stacks.settings import load
from tests import STAGES_FILE
from tests.stacks.conftest import Synthesize, read_templates

Days = dict[str, tuple[int | None, int | None]]
WHOLE, LOGS = "the bucket", "access logs"


@pytest.fixture
def lifetimes(synthesize: Synthesize, tmp_path: Path) -> Any:
    """By the prefix, after how many days objects and their former versions are deleted."""

    def lifetimes(added: str = "") -> Days:
        file = tmp_path / "stages.toml"
        top, dev, rest = STAGES_FILE.read_text().partition("[dev]\n")
        file.write_text(f"{top}{dev}{added}\n{rest}")
        (tmp_path / "build").symlink_to(STAGES_FILE.parent / "build")
        storage = read_templates(synthesize(load(file), tmp_path / "cdk.out"))["dev-Storage"]
        return {
            rule.get("Prefix", LOGS if "ExpirationInDays" in rule else WHOLE): (
                rule.get("ExpirationInDays"),
                rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
            )
            for bucket in storage["Resources"].values()
            if bucket["Type"] == "AWS::S3::Bucket"
            for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        }

    return lifetimes


def test_former_versions_live_for_a_year_where_nothing_is_said(lifetimes: Any) -> None:
    assert lifetimes() == {LOGS: (365, 30), WHOLE: (None, 365)}


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("data.noncurrent_days = 7", {WHOLE: (None, 7)}),
        ("data.access_log_days = 7", {LOGS: (7, 30)}),
        ("releases.golden_days = 7", {"releases/golden/": (7, 1)}),
        ("capture.percent = 5\ncapture.days = 7", {"capture/": (7, 1)}),
        ("capture.percent = 0\ncapture.days = 7", {"capture/": (7, 1)}),
        ('mode = "async"\nasync.result_days = 7', {"async/": (7, 1)}),
        ('mode = "async"\nasync.input_days = 2', {"async/": (30, 1), "async/input/": (2, 1)}),
        ('mode = "batch"\nbatch.result_days = 7', {"batch/output/": (7, 1)}),
        (
            'mode = "batch"\nbatch.input_days = 2',
            {"batch/input/": (2, 1), "batch/output/": (90, 1)},
        ),
    ],
)
def test_each_kind_of_data_has_a_lifetime(lifetimes: Any, added: str, expected: Days) -> None:
    assert lifetimes(added) == {LOGS: (365, 30), WHOLE: (None, 365)} | expected
