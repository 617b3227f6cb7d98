"""An emulator that judges, and roles of its accounts, assumed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest

from localaws import lifecycle
from localaws.lifecycle import Emulator
from stacks.settings import Settings

Statements = list[dict[str, Any]]


@contextmanager
def judging(home: Path, settings: Settings) -> Iterator[Emulator]:
    """An emulator that judges every request. Those that are started beside it do not."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LOCALAWS_IAM", "enforce")
            patch.setenv("LOCALAWS_STOP_GRACE_SECONDS", "1")
            emulator = stack.enter_context(lifecycle.running(home, settings))
        yield emulator


class Role:
    """A role that the account's root may assume, and a profile of its session.

    Attributes:
        session: boto3's. What the role may is judged as each request comes.
        files: the folder of the profile's files, `config` and `credentials`.
    """

    def __init__(self, emulator: Emulator, stage: str, name: str, files: Path) -> None:
        root = emulator.session(stage)
        account = emulator.settings.stages[stage].account
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        }
        self._iam, self.name, self.files = root.client("iam"), name, files
        self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]), Path="/")
        given = root.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{name}", RoleSessionName="test"
        )["Credentials"]
        region = emulator.settings.stages[stage].region
        with (files / "config").open("a") as config:
            config.write(f"[profile {name}]\nregion = {region}\nendpoint_url = {emulator.url}\n\n")
        with (files / "credentials").open("a") as credentials:
            credentials.write(
                f"[{name}]\naws_access_key_id = {given['AccessKeyId']}\n"
                f"aws_secret_access_key = {given['SecretAccessKey']}\n"
                f"aws_session_token = {given['SessionToken']}\n\n"
            )
        core = botocore.session.Session(profile=name)
        core.set_config_variable("config_file", str(files / "config"))
        core.set_config_variable("credentials_file", str(files / "credentials"))
        core.set_config_variable("ignore_configured_endpoint_urls", False)
        self.session = boto3.Session(botocore_session=core)

    def client(self, service: str) -> Any:
        """A boto3 client of the role's session."""
        return self.session.client(service)  # type: ignore[call-overload]

    def may(self, statements: Statements) -> None:
        """Give it these statements, and none besides."""
        self._iam.put_role_policy(
            RoleName=self.name, PolicyName="may", PolicyDocument=_document(statements)
        )


def allow(*actions: str, on: str = "*", when: dict[str, Any] | None = None) -> dict[str, Any]:
    """A statement."""
    condition = {"Condition": when} if when else {}
    return {"Effect": "Allow", "Action": list(actions), "Resource": on} | condition


def _document(statements: Statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
