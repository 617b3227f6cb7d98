"""Other modes than real-time are promoted, and a model in files as one in an archive.

Inference components are not: the emulator has none. tests/stacks/ has their templates.
"""

from pathlib import Path

import pytest

from tests.end_to_end.conftest import Deployment
from tests.promotion.commands import ended, said
from tests.promotion.rehearsed import deploy, nothing_differs, rehearsed, shown

pytestmark = pytest.mark.slow

ASYNC = """
[defaults]
mode = "async"
"""
SERVERLESS = """
[defaults]
mode = "serverless"
network.isolation = false
"""
FILES = """
[defaults.shipping]
form = "files"
"""


@pytest.mark.parametrize("more", [ASYNC, SERVERLESS, FILES], ids=["async", "serverless", "files"])
def test_it_is_promoted_and_verified(
    root: Path, built_model: Path, tmp_path: Path, more: str
) -> None:
    with rehearsed(root, built_model, tmp_path, more) as deployment:
        deploy(deployment)
        said(deployment, "verify", "dev")
        printed, _ = ended(deployment, "run", "--from", "dev", "--to", "qa")
        assert printed.splitlines()[-1] == "qa serves qa-000001, which is dev-000001, verified"
        assert evidence_is_whole(deployment, "qa")
        nothing_differs(deployment, "qa", tmp_path / "assembly")


def evidence_is_whole(deployment: Deployment, stage: str) -> bool:
    (evidence,) = shown(deployment, stage)["evidence"]
    return evidence["golden"]["cases"] == 200 and evidence["latency"]["requests"] > 0
