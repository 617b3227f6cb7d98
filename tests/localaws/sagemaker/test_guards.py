"""A variant that Application Auto Scaling scales keeps its instance type, and stays."""

from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import Account

pytestmark = pytest.mark.slow


@pytest.fixture
def scaled(account: Account, old_endpoint: Callable[..., str]) -> Iterator[str]:
    """An endpoint whose variant `all` is a scalable target."""
    name = old_endpoint(1)
    scaling = account.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    yield name
    if scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]]
    )["ScalableTargets"]:
        scaling.deregister_scalable_target(**target)


def refusal(account: Account, name: str, config: str) -> str:
    with pytest.raises(ClientError) as refused:
        account.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert account.describe(name)["EndpointStatus"] == "InService"
    return str(error["Message"])


def test_another_instance_type_is_refused(account: Account, scaled: str) -> None:
    said = refusal(account, scaled, account.config(InstanceType="ml.m5.large"))
    assert "registered as a scalable target" in said
    assert "would change its instance type" in said


def test_taking_the_variant_away_is_refused(account: Account, scaled: str) -> None:
    said = refusal(account, scaled, account.config(VariantName="other"))
    assert "would remove it" in said


def test_another_model_is_allowed(account: Account, scaled: str) -> None:
    config = account.config(behaviour={"answer": "new"})
    account.client("sagemaker").update_endpoint(EndpointName=scaled, EndpointConfigName=config)
    assert account.settled(scaled)["EndpointConfigName"] == config
    # The type that counts is the one that serves now.
    assert "instance type" in refusal(account, scaled, account.config(InstanceType="ml.m5.large"))


def test_once_deregistered_it_may_change(account: Account, scaled: str) -> None:
    account.client("application-autoscaling").deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{scaled}/variant/all",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )
    config = account.config(InstanceType="ml.m5.large")
    account.client("sagemaker").update_endpoint(EndpointName=scaled, EndpointConfigName=config)
    assert account.settled(scaled)["EndpointConfigName"] == config
