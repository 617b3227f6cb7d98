"""What the tests of deployment guardrails share."""

from itertools import count
from typing import Any

from tests.localaws.sagemaker.conftest import Account, eventually

LONG = 3600
"""Seconds of a wait that a test ends itself; at the tests' time scale 36 s."""

_numbers = count(1)

Document = dict[str, Any]


def size(value: int, unit: str = "INSTANCE_COUNT") -> Document:
    return {"Type": unit, "Value": value}


def blue_green(kind: str, wait: int, alarms: list[str] | None = None, **more: Any) -> Document:
    """A DeploymentConfig; CanarySize and LinearStepSize are of the routing, the rest beside it."""
    sizes: Document = {
        key: more.pop(key) for key in ("CanarySize", "LinearStepSize") if key in more
    }
    routing: Document = {"Type": kind, "WaitIntervalInSeconds": wait, **sizes}
    policy = {"TrafficRoutingConfiguration": routing, **more}
    return watched({"BlueGreenUpdatePolicy": policy}, alarms)


def rolling(batch: Document, wait: int, alarms: list[str] | None = None, **more: Any) -> Document:
    policy = {"MaximumBatchSize": batch, "WaitIntervalInSeconds": wait, **more}
    return watched({"RollingUpdatePolicy": policy}, alarms)


def watched(config: Document, alarms: list[str] | None) -> Document:
    names = [{"AlarmName": name} for name in alarms or []]
    return {**config, "AutoRollbackConfiguration": {"Alarms": names}} if names else config


def update(account: Account, name: str, config: str, deployment: Document) -> None:
    account.client("sagemaker").update_endpoint(
        EndpointName=name, EndpointConfigName=config, DeploymentConfig=deployment
    )


def pending(account: Account, name: str) -> tuple[str, float] | None:
    """The stage and the weight of the new variant while a deployment runs."""
    summary = account.describe(name).get("PendingDeploymentSummary")
    if summary is None:
        return None
    (variant,) = summary["ProductionVariants"]
    return variant["VariantStatus"][0]["Status"], variant["CurrentWeight"]


def bakes(account: Account, name: str) -> float | None:
    stage, weight = pending(account, name) or ("", 0)
    return weight if stage == "Baking" else None


class Alarm:
    """An alarm that a test sets off and ends."""

    def __init__(self, account: Account) -> None:
        self.name = f"guard-{next(_numbers)}"
        self._client = account.client("cloudwatch")
        self._client.put_metric_alarm(
            AlarmName=self.name,
            Namespace=self.name,
            MetricName="trouble",
            Statistic="Maximum",
            Period=3600,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )

    def rings(self) -> None:
        self._client.put_metric_data(
            Namespace=self.name, MetricData=[{"MetricName": "trouble", "Value": 1}]
        )
        eventually(lambda: self._state() == "ALARM")

    def _state(self) -> str:
        (found,) = self._client.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return str(found["StateValue"])


def new(account: Account, instances: int = 2, **behaviour: object) -> str:
    return account.config(behaviour={"answer": "new", **behaviour}, InitialInstanceCount=instances)
