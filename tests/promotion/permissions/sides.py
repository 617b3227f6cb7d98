"""qa, deployed and recorded, and prod, to which it is promoted: each with the role of its side."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from aws.stage import Stage
from localaws.lifecycle import Emulator
from promotion.moving.s3 import S3Object
from promotion.permissions import Statement, source_statements, target_statements
from stacks.settings import load
from tests import cdk_cli
from tests.roles import Role

REGION = "eu-central-1"
STAGES = {"source": "qa", "target": "prod"}
ACCOUNTS = {"source": "222222222222", "target": "333333333333"}
STATEMENTS: dict[str, list[Statement]] = {
    "source": source_statements("berth", "qa", ACCOUNTS["source"], REGION),
    "target": target_statements("berth", "prod", ACCOUNTS["target"], REGION),
}
ASSETS = {side: f"cdk-hnb659fds-assets-{one}-{REGION}" for side, one in ACCOUNTS.items()}
IMAGES = {side: f"cdk-hnb659fds-container-assets-{one}-{REGION}" for side, one in ACCOUNTS.items()}


@dataclass(frozen=True)
class Sides:
    """What a step works with."""

    emulator: Emulator
    project: Path
    roles: Mapping[str, Role]
    stages: dict[str, Stage] = field(default_factory=dict)
    sessions: dict[str, boto3.Session] = field(default_factory=dict)
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def assembly(self) -> Path:
        return self.project / "cdk.out"

    @property
    def environment(self) -> dict[str, str]:
        """Of who has the two roles' profiles, `source` and `target`, and no other."""
        files = self.roles["target"].files
        own = {
            "AWS_CONFIG_FILE": str(files / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(files / "credentials"),
            "AWS_PROFILE": "target",
        }
        return self.emulator.environment("prod") | own

    def stage(self, side: str) -> Stage:
        """As the side's role sees it; it has not asked for its bucket yet."""
        if side not in self.stages:
            self.stages[side] = Stage(
                load(self.project / "stages.toml"), STAGES[side], profile=side
            )
        vars(self.stages[side]).pop("bucket", None)
        return self.stages[side]

    def root(self, side: str, service: str) -> Any:
        """A client of the account itself, which may everything; made once, as that takes time."""
        key = (side, service)
        if key not in self.clients:
            self.clients[key] = self.session(side).client(service)  # type: ignore[call-overload]
        return self.clients[key]

    def session(self, side: str) -> boto3.Session:
        """The account itself."""
        if side not in self.sessions:
            self.sessions[side] = self.emulator.session(STAGES[side])
        return self.sessions[side]

    def object(self, side: str, key: str) -> S3Object:
        """In the asset bucket, as the side's role sees it."""
        return S3Object(self.stage(side).client("s3"), ACCOUNTS[side], ASSETS[side], key)

    def data_bucket(self, side: str) -> str:
        name = f"berth-{STAGES[side]}-storage"
        (stack,) = self.root(side, "cloudformation").describe_stacks(StackName=name)["Stacks"]
        return str(stack["Outputs"][0]["OutputValue"])

    def deploy(self, side: str) -> tuple[int, str]:
        """The real CDK CLI's exit status and words, under the account itself."""
        stage = STAGES[side]
        options = ("--app", "cdk.out", "--require-approval", "never", f"{stage}/*")
        done = cdk_cli.run(self.emulator, self.project, "deploy", *options, stage=stage)
        return done.returncode, done.stdout
