"""A project of two stacks a stage, with the names that Berth gives: quick to synthesize and deploy.

What promotion sees of it is as of the real one: recorded assembly, asset file, image, Model,
EndpointConfig, endpoint, alarm, encrypted bucket, signing key. The container finds what the golden
set expects.
"""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests import STAGES_FILE

_GOLDEN = {
    "input": {"inputs": ["Anna"]},
    "entities": [{"start": 0, "end": 4, "label": "PER"}],
}
_MORE = """
[defaults.verify]
bake_seconds = 0
seconds = 1
min_cases = 1

[qa.releases]
signers = ["arn:aws:iam::222222222222:role/records-*"]

[prod.releases]
signers = ["arn:aws:iam::333333333333:role/target"]
"""
_SERVER = f"""
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = {json.dumps({"predictions": [_GOLDEN["entities"]]})!r}.encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(ANSWER)

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


place = os.environ["BERTH_BIND_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
ThreadingHTTPServer(place, Handler).serve_forever()
"""
_APP = """
import shutil
import subprocess
import tomllib
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch, aws_ecr_assets, aws_kms, aws_s3, aws_s3_assets, aws_sagemaker
from stacks.signed_releases import sign_releases
from stacks.stage_plan import StageNames

settings = tomllib.loads(Path("stages.toml").read_text())
app = cdk.App(analytics_reporting=False)
for name in ("qa", "prod"):
    place = cdk.Environment(account=settings[name]["account"], region=settings[name]["region"])
    stage = cdk.Stage(app, name, env=place)
    storage = cdk.Stack(stage, "Storage", stack_name=f"berth-{name}-storage")
    bucket = aws_s3.Bucket(
        storage, "Data", encryption_key=aws_kms.Key(storage, "Key"), bucket_key_enabled=True,
        versioned=True, enforce_ssl=True,
    )
    sign_releases(
        storage, bucket, names=StageNames("berth", name),
        signers=settings[name]["releases"]["signers"], removal=cdk.RemovalPolicy.RETAIN,
    )
    cdk.CfnOutput(storage, "DataBucketName", value=bucket.bucket_name)
    serving = cdk.Stack(stage, "Serving", stack_name=f"berth-{name}-serving")
    image = aws_ecr_assets.DockerImageAsset(serving, "Image", directory="container")
    archive = aws_s3_assets.Asset(serving, "Archive", path="model.tar.gz")
    model = aws_sagemaker.CfnModel(
        serving, "Model", execution_role_arn=f"arn:aws:iam::{place.account}:role/serving",
        enable_network_isolation=True,
        primary_container={"image": image.image_uri, "modelDataUrl": archive.s3_object_url},
    )
    variant = {
        "variantName": "all", "modelName": model.attr_model_name, "initialVariantWeight": 1,
        "initialInstanceCount": 2, "instanceType": "ml.g5.xlarge",
    }
    config = aws_sagemaker.CfnEndpointConfig(serving, "Config", production_variants=[variant])
    alarm = aws_cloudwatch.CfnAlarm(
        serving, "Alarm", comparison_operator="GreaterThanThreshold", evaluation_periods=1,
        namespace="AWS/SageMaker", metric_name="Invocation5XXErrors", statistic="Sum",
        period=60, threshold=1,
    )
    routing = {"type": "ALL_AT_ONCE", "waitIntervalInSeconds": 0}
    aws_sagemaker.CfnEndpoint(
        serving, "Endpoint", endpoint_name=f"berth-{name}",
        endpoint_config_name=config.attr_endpoint_config_name,
        deployment_config={
            "autoRollbackConfiguration": {"alarms": [{"alarmName": alarm.ref}]},
            "blueGreenUpdatePolicy": {"trafficRoutingConfiguration": routing},
        },
    )
app.synth()
shutil.copy("stages.toml", "cdk.out")
"""


def write(folder: Path) -> Path:
    """Write the project into a new folder.

    stages.toml is the tests' own; its stages sign, and are verified in a second.
    """
    container = folder / "container"
    container.mkdir(parents=True)
    (folder / "stages.toml").write_text(STAGES_FILE.read_text() + _MORE)
    (folder / "app.py").write_text(_APP)
    (folder / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
    (container / "Dockerfile").write_text("FROM scratch\n")
    (container / "server.py").write_text(_SERVER)
    entrypoint = container / "entrypoint.sh"
    entrypoint.write_text('#!/bin/sh\nexec python "$(dirname "$0")/server.py"\n')
    entrypoint.chmod(0o755)
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        golden = json.dumps(_GOLDEN).encode()
        entry = tarfile.TarInfo("golden.jsonl")
        entry.size = len(golden)
        archive.addfile(entry, io.BytesIO(golden))
    return folder


def synthesize(project: Path, environment: Mapping[str, str]) -> Path:
    """The cloud assembly of both stages, `cdk.out`."""
    made = project / "cdk.out"
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=project,
        env={**environment, "CDK_OUTDIR": str(made), "PYTHONPATH": str(STAGES_FILE.parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return made
