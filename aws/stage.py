"""A stage of stages.toml, and the clients of its account."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from aws import cloudformation
from aws.errors import AwsError, CallError, in_one_line
from stacks.settings import Settings
from stacks.stage_plan import stage_plans

# S3 checks what is sent by the SHA-256 in a signed header. Without this setting botocore hashes
# every body once more, to sign it as well.
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
CONFIG = Config(s3={"payload_signing_enabled": False})

_CHECKOUT = Path(__file__).parents[1]


class Stage:
    """A stage: its settings, its bucket and clients of its account.

    Without a profile, the profile `<project>-<stage>` is used where there is one, else boto3's
    usual chain of credentials.

    Raises SettingsError where stages.toml has no such stage, AwsError where the credentials are
    those of another account.
    """

    def __init__(self, settings: Settings, name: str, *, profile: str | None = None) -> None:
        self.name, self.project, self.settings = name, settings.project, settings.stage(name)
        self.plan = stage_plans(settings)[name]
        self.names = self.plan.names
        self.qualifier = _qualifier()
        self._clients = dict[str, Any]()
        with in_one_line():
            is_there = self.names.profile in boto3.Session().available_profiles
            self.profile = profile or (self.names.profile if is_there else None)
            self.session = boto3.Session(
                profile_name=self.profile, region_name=self.settings.region
            )
            account = self.client("sts").get_caller_identity()["Account"]
        if account != self.settings.account:
            raise AwsError(
                f"{name}: the credentials are for account {account}, the stage's is"
                f" {self.settings.account}; name a profile of that account, with --profile or"
                " AWS_PROFILE"
            )

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the stage's account and region; `options`: of botocore's Config."""
        if service in self._clients and not options:
            return self._clients[service]
        config = CONFIG.merge(Config(**options))
        client = self.session.client(service, config=config)  # type: ignore[call-overload]
        return client if options else self._clients.setdefault(service, client)

    @property
    def cloudformation(self) -> Any:
        """A client of CloudFormation."""
        return self.client("cloudformation")

    def served_config(self) -> str | None:
        """The EndpointConfig that the endpoint serves now; None where there is no endpoint.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
        """
        sagemaker = self.client("sagemaker")
        try:
            with in_one_line():
                described = sagemaker.describe_endpoint(EndpointName=self.names.endpoint)
        except CallError as error:
            if "Could not find endpoint" not in error.reason:
                raise
            return None
        return str(described["EndpointConfigName"])

    @cached_property
    def bucket(self) -> str:
        """The stage's own bucket, an output of its storage stack.

        Raises AwsError where the stage is not deployed.
        """
        found, deploy = self._outputs(), f"deploy the stage first: cdk deploy '{self.name}/*'"
        if found is None:
            where = f"{self.settings.account}, {self.settings.region}"
            raise AwsError(f"{self.names.storage_stack}: no such stack in {where}; {deploy}")
        if "DataBucketName" not in found:
            raise AwsError(f"{self.names.storage_stack}: no output DataBucketName; {deploy}")
        return found["DataBucketName"]

    def is_deployed(self) -> bool:
        """Whether there is a storage stack, whose bucket stores releases."""
        return "DataBucketName" in (self._outputs() or {})

    def _outputs(self) -> dict[str, str] | None:
        return cloudformation.outputs(self.cloudformation, self.names.storage_stack)


def _qualifier() -> str:
    """Of the accounts' `cdk bootstrap`, as the checkout's cdk.json has it.

    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
    """
    context = json.loads((_CHECKOUT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return str(context.get("@aws-cdk/core:bootstrapQualifier", "hnb659fds"))
