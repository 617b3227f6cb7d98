"""Instance pools, and instance types without capacity."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import NO_CAPACITY, REGION, Account, eventually
from tests.localaws.sagemaker.guardrails import blue_green, update

pytestmark = pytest.mark.slow


def pools(*types: str) -> dict[str, Any]:
    """A variant's members: pools of these types, the first with the highest priority."""
    listed = [
        {"InstanceType": one, "Priority": priority} for priority, one in enumerate(types, start=1)
    ]
    # Their order in the list says nothing.
    return {"InstanceType": None, "InstancePools": listed[::-1]}


def counts(account: Account, name: str) -> dict[str, int]:
    (variant,) = account.describe(name)["ProductionVariants"]
    return {one["InstanceType"]: one["CurrentInstanceCount"] for one in variant["InstancePools"]}


def test_the_pool_of_the_highest_priority_serves_and_is_counted(account: Account) -> None:
    name = account.serve(**pools("ml.g6.xlarge", "ml.g5.xlarge"))
    assert counts(account, name) == {"ml.g6.xlarge": 1, "ml.g5.xlarge": 0}
    account.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 2}],
    )
    account.settled(name)
    assert counts(account, name) == {"ml.g6.xlarge": 2, "ml.g5.xlarge": 0}
    account.delete(name)


def test_where_a_type_has_no_capacity_the_next_pool_serves(account: Account) -> None:
    name = account.serve(**pools(NO_CAPACITY[0], "ml.g5.xlarge"))
    assert counts(account, name) == {NO_CAPACITY[0]: 0, "ml.g5.xlarge": 1}
    assert account.invoke(name)["answer"]
    account.delete(name)


def test_the_pool_that_serves_may_have_a_model_of_its_own(account: Account) -> None:
    own = account.config(behaviour={"answer": "for g5"})
    wanted = pools(NO_CAPACITY[0], "ml.g5.xlarge")
    wanted["InstancePools"][0]["ModelNameOverride"] = own
    name = account.serve(**wanted)
    assert account.invoke(name)["answer"] == "for g5"
    account.delete(name)


@pytest.mark.parametrize("variant", [pools(*NO_CAPACITY), {"InstanceType": NO_CAPACITY[0]}])
def test_without_any_capacity_the_endpoint_fails_with_awss_reason(
    account: Account, variant: dict[str, Any]
) -> None:
    name = account.create(account.config(**variant))
    settled = account.settled(name)
    assert settled["EndpointStatus"] == "Failed"
    assert "InsufficientInstanceCapacity" in settled["FailureReason"]
    account.delete(name)


def test_an_update_without_capacity_leaves_the_old_instances_serving(account: Account) -> None:
    name = account.serve(behaviour={"answer": "old"})
    config = account.config(**pools(*NO_CAPACITY))
    account.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config)
    settled = account.settled(name)
    assert settled["EndpointStatus"] == "InService"
    assert settled["EndpointConfigName"] != config
    assert account.invoke(name)["answer"] == "old"
    account.delete(name)


def test_pools_beside_an_instance_type_are_refused(account: Account) -> None:
    both = {**pools("ml.g6.xlarge"), "InstanceType": "ml.g5.xlarge"}
    with pytest.raises(ClientError, match="exactly one of InstanceType, InstancePools and"):
        account.config(**both)


def test_a_pools_own_model_must_be_there(account: Account) -> None:
    wanted = pools("ml.g6.xlarge")
    wanted["InstancePools"][0]["ModelNameOverride"] = "absent"
    with pytest.raises(ClientError, match="Could not find model"):
        account.config(**wanted)


def test_nothing_of_the_emulators_own_is_in_what_the_api_says_of_an_update(
    account: Account,
) -> None:
    name = account.serve(**pools("ml.g6.xlarge", "ml.g5.xlarge"))
    client = account.emulator.client("sagemaker", account.account, REGION)
    bodies: list[str] = []
    client.meta.events.register(
        "before-parse.sagemaker.DescribeEndpoint",
        lambda response_dict, **_: bodies.append(response_dict["body"].decode()),
    )
    config = account.config(**pools("ml.g6.xlarge", "ml.g5.xlarge"))
    update(account, name, config, blue_green("ALL_AT_ONCE", 300))
    eventually(lambda: "PendingDeploymentSummary" in client.describe_endpoint(EndpointName=name))
    pending = json.loads(bodies[-1])["PendingDeploymentSummary"]
    (variant,) = pending["ProductionVariants"]
    assert {key for key in variant if key.startswith("_")} == set()
    account.delete(account.settled(name)["EndpointName"])
