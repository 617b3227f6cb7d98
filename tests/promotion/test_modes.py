"""Other modes than real-time are promoted, and a model in files as one in an archive.

Inference components are not: the emulator has none. tests/stacks/ has their templates.
"""

from pathlib import Path
from typing import Any

import pytest

from model.packing import pack
from tests.end_to_end.conftest import Deployment
from tests.promotion.commands import ended, said
from tests.promotion.rehearsed import deploy, nothing_differs, rehearsed, shown

pytestmark = pytest.mark.long

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
        ended(deployment, "snapshots", "--assembly", "cdk.out")
        printed, _ = ended(deployment, "promote", "--from", "dev", "--to", "qa")
        assert printed.splitlines()[-1] == "qa serves qa-000001, which is dev-000001, verified"
        all_evidence(deployment, "qa")
        nothing_differs(deployment, "qa", tmp_path / "assembly")


def all_evidence(deployment: Deployment, stage: str) -> None:
    (evidence,) = shown(deployment, stage)["evidence"]
    assert evidence["golden"]["cases"] == 200
    assert evidence["latency"]["requests"] > 0


def test_an_archive_that_is_in_s3_already_goes_to_where_the_next_stage_expects_it(
    root: Path, built_model: Path, tmp_path: Path
) -> None:
    packed = pack(built_model, tmp_path / "model.tar.gz")
    uris = {stage: f"s3://trained-{stage}/ner/model.tar.gz" for stage in ("dev", "qa", "prod")}
    more = "\n".join(
        f'[{stage}.shipping]\nform = "s3"\ns3_uri = "{uri}"\n'
        f'manifest_sha256 = "{packed.manifest_sha256}"\n'
        for stage, uri in uris.items()
    )
    with rehearsed(root, built_model, tmp_path, more) as deployment:
        for stage in ("dev", "qa"):
            session: Any = deployment.emulator.session(stage)
            session.client("s3").create_bucket(
                Bucket=f"trained-{stage}",
                CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
            )
        deployment.client("s3").put_object(
            Bucket="trained-dev", Key="ner/model.tar.gz", Body=packed.path.read_bytes()
        )
        deploy(deployment)
        said(deployment, "verify", "dev")
        ended(deployment, "snapshots", "--assembly", "cdk.out")
        printed, _ = ended(deployment, "promote", "--from", "dev", "--to", "qa")
        assert printed.splitlines()[-1] == "qa serves qa-000001, which is dev-000001, verified"
        (model,) = shown(deployment, "qa")["models"]
        assert (model["data"], model["archive"]["sha256"]) == (uris["qa"], packed.sha256)
