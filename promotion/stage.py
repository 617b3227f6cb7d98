"""A stage of stages.toml, and AWS as the credentials at hand show it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from promotion import PromotionError
from promotion.moving.s3 import CONFIG
from stacks.settings import Settings, StageSettings, load
from stacks.stage_plan import StageNames

STAGES = Path("stages.toml")


class Stage:
    """A stage: its settings, its bucket and clients of its account.

    Where no profile is named and there is one `<project>-<stage>`, that is taken; else boto3's own
    chain decides.

    Raises:
        PromotionError: where there is no such stage, or the credentials are another account's.
        SettingsError: where stages.toml is wrong.
    """

    def __init__(self, name: str, *, profile: str | None = None) -> None:
        every, self.settings = settings_of(name)
        self.name, self.project, self._clients = name, every.project, dict[str, Any]()
        self.names = StageNames(every.project, name)
        with in_one_line():
            is_there = self.names.profile in boto3.Session().available_profiles
            self.profile = profile or (self.names.profile if is_there else None)
            self.session = boto3.Session(
                profile_name=self.profile, region_name=self.settings.region
            )
            self._check_account()

    @property
    def endpoint_name(self) -> str:
        """The endpoint's name, and the first part of every stack's."""
        return self.names.endpoint

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client of the stage's account and region."""
        if config is not None:
            return self.session.client(service, config=config)  # type: ignore[call-overload]
        if service not in self._clients:
            self._clients[service] = self.session.client(  # type: ignore[call-overload]
                service, config=CONFIG
            )
        return self._clients[service]

    def served_config(self) -> str | None:
        """The EndpointConfig that the endpoint serves now; None where there is no endpoint.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
        """
        sagemaker = self.client("sagemaker")
        try:
            described = sagemaker.describe_endpoint(EndpointName=self.endpoint_name)
        except ClientError as error:
            if "Could not find endpoint" not in str(error):
                raise
            return None
        return str(described["EndpointConfigName"])

    def _check_account(self) -> None:
        account = self.client("sts").get_caller_identity()["Account"]
        if account != self.settings.account:
            raise PromotionError(
                f"{self.name}: the credentials are for account {account}, the stage's is "
                f"{self.settings.account}; name a profile of that account with --profile"
            )

    @cached_property
    def bucket(self) -> str:
        """The stage's own bucket, an output of its storage stack.

        Raises PromotionError where the stage is not deployed.
        """
        found = self._outputs().get("DataBucketName")
        if found is None:
            where = f"{self.settings.account}, {self.settings.region}"
            raise PromotionError(
                f"{self.names.storage_stack}: no such stack in {where}; deploy the stage first: "
                f"make deploy STAGE={self.name}"
            )
        return found

    def is_deployed(self) -> bool:
        """Whether there is a storage stack, and with it a place for releases."""
        with in_one_line():
            return "DataBucketName" in self._outputs()

    def _outputs(self) -> dict[str, str]:
        try:
            found = self.client("cloudformation").describe_stacks(
                StackName=self.names.storage_stack
            )
            (stack,) = found["Stacks"]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            return {}
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def settings_of(name: str) -> tuple[Settings, StageSettings]:
    """Those of stages.toml as a whole, and of a stage.

    Raises:
        PromotionError: where there is no such stage.
        SettingsError: where stages.toml is wrong.
    """
    every = load(STAGES)
    if name not in every.stages:
        known = ", ".join(every.stages)
        raise PromotionError(f"{STAGES}: no stage {name!r}; there are {known}")
    return every, every.stages[name]


def recorded_settings(every: Settings, name: str) -> dict[str, Any]:
    """A stage's settings by their names in the file, with the two tables that all stages share."""
    shared = every.model_dump(mode="json", include={"model", "container"})
    return {**every.stages[name].model_dump(mode="json", by_alias=True), **shared}


@contextmanager
def in_one_line() -> Iterator[None]:
    """What AWS refuses, or what keeps us from asking it, as a PromotionError."""
    try:
        yield
    except (BotoCoreError, ClientError, boto3.exceptions.Boto3Error) as error:
        raise PromotionError(f"AWS: {' '.join(str(error).split())}") from None
