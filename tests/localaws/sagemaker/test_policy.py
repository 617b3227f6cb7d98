"""The DeploymentConfigs that SageMaker refuses."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import Account
from tests.localaws.sagemaker.guardrails import Document, blue_green, new, rolling, size, update

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("deployment", "said"),
    [
        (blue_green("CANARY", 0, CanarySize=size(2)), "at most 50 %"),
        (blue_green("CANARY", 0, CanarySize=size(60, "CAPACITY_PERCENT")), "at most 50 %"),
        (blue_green("CANARY", 0), "takes CanarySize, not none"),
        (blue_green("CANARY", 0, LinearStepSize=size(1)), "takes CanarySize, not LinearStepSize"),
        (blue_green("ALL_AT_ONCE", 0, CanarySize=size(1)), "takes no step size"),
        (blue_green("LINEAR", 0, LinearStepSize=size(5, "CAPACITY_PERCENT")), "from 10 to 50 %"),
        (rolling(size(4, "CAPACITY_PERCENT"), 0), "from 5 to 50 %"),
        (rolling(size(1), 0) | blue_green("ALL_AT_ONCE", 0), "Only one of"),
        (blue_green("ALL_AT_ONCE", 0, ["nowhere"]), r"Could not find.*\[nowhere\]"),
        (blue_green("ALL_AT_ONCE", 0, ["a"] * 11), "less than or equal to 10"),
        (blue_green("ALL_AT_ONCE", 3601), "less than or equal to 3600"),
    ],
)
def test_what_sagemaker_refuses_is_refused(
    account: Account, old_endpoint: Callable[..., str], deployment: Document, said: str
) -> None:
    name = old_endpoint(3)
    before = account.describe(name)
    with pytest.raises(ClientError, match=said) as refused:
        update(account, name, new(account, 3), deployment)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert account.describe(name)["EndpointStatus"] == "InService"
    assert account.describe(name)["LastModifiedTime"] == before["LastModifiedTime"]


@pytest.mark.parametrize(
    "deployment",
    [
        blue_green("CANARY", 0, CanarySize=size(10, "CAPACITY_PERCENT")),
        blue_green("LINEAR", 0, LinearStepSize=size(1)),
        rolling(size(50, "CAPACITY_PERCENT"), 0),
    ],
)
def test_one_instance_has_nothing_to_split(account: Account, deployment: Document) -> None:
    with pytest.raises(ClientError, match=r"with 1 instance\(s\)"):
        account.client("sagemaker").create_endpoint(
            EndpointName="never", EndpointConfigName=new(account, 1), DeploymentConfig=deployment
        )
    assert not account.exists("never")


def test_steps_need_the_same_variants_and_rolling_only_one(
    account: Account, old_endpoint: Callable[..., str]
) -> None:
    name = old_endpoint(2)
    other = account.config(VariantName="other", InitialInstanceCount=2)
    with pytest.raises(ClientError, match=r"keep their names: there are all, .* has other"):
        update(account, name, other, blue_green("CANARY", 0, CanarySize=size(1)))
    both = "both"
    variants = [
        {
            "VariantName": variant,
            "ModelName": other,
            "InitialInstanceCount": 2,
            "InstanceType": "ml.m5.large",
        }
        for variant in ("all", "other")
    ]
    account.client("sagemaker").create_endpoint_config(
        EndpointConfigName=both, ProductionVariants=variants
    )
    with pytest.raises(ClientError, match="several variants"):
        update(account, name, both, rolling(size(1), 0))
