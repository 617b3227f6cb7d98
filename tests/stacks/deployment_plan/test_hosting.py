"""What an endpoint's update says of traffic, instances and scaling."""

from typing import Any

import pytest

from stacks.deployment_plan.compare import Change, compare
from stacks.deployment_plan.hosting import capacity, refusals, traffic
from stacks.deployment_plan.resource_types import ResourceTypes
from tests.stacks.deployment_plan.templates import Template, resource, serving, variant

PERCENT = "CAPACITY_PERCENT"


def endpoint_of(before: Template, after: Template, types: ResourceTypes) -> Change:
    (found,) = (each for each in compare(before, after, types) if each.logical_id == "Endpoint")
    return found


def blue_green(kind: str, wait: int, end: int = 0, **size: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **size}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": end,
        }
    }


def rolling(kind: str, size: int, wait: int) -> dict[str, Any]:
    batch = {"Type": kind, "Value": size}
    return {"RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": wait}}


@pytest.mark.parametrize(
    ("deployment", "says"),
    [
        ({}, "all at once, as soon as the new instances serve"),
        (
            blue_green("ALL_AT_ONCE", 300, 120),
            "all at once, in about 7 minutes, and what the new instances take to start",
        ),
        (
            # The canary's bake and the final one.
            blue_green("CANARY", 600, 300, CanarySize={"Type": PERCENT, "Value": 10}),
            "by canary: 10 % of capacity, then the rest after 10 minutes, in about 25 minutes,"
            " and what the new instances take to start",
        ),
        (
            blue_green("LINEAR", 300, 60, LinearStepSize={"Type": PERCENT, "Value": 30}),
            "in 4 linear steps: 30 % of capacity every 5 minutes, in about 21 minutes,"
            " and what the new instances take to start",
        ),
        (
            blue_green("LINEAR", 60, LinearStepSize={"Type": "INSTANCE_COUNT", "Value": 1}),
            "in 2 linear steps: 1 instance every 1 minute, in about 2 minutes,"
            " and what the new instances take to start",
        ),
        (
            rolling(PERCENT, 50, 90),
            "in 2 rolling batches: 50 % of capacity every 90 s, in about 3 minutes,"
            " and what the new instances take to start",
        ),
    ],
)
def test_traffic_goes_over_as_the_deployment_config_says(
    types: ResourceTypes, deployment: dict[str, Any], says: str
) -> None:
    after = serving(endpoint={"DeploymentConfig": deployment}, model="s3://models/2.gz")
    change = endpoint_of(serving(), after, types)
    assert traffic(change, after["Resources"])[0] == f"shifts traffic {says}"


def test_a_deployment_config_that_is_retained_is_the_last_one(types: ResourceTypes) -> None:
    canary = blue_green("CANARY", 300, CanarySize={"Type": PERCENT, "Value": 10})
    before = serving(endpoint={"DeploymentConfig": canary})
    model = "s3://models/2.gz"
    for retained, how in ((True, "by canary: 10 % of capacity"), (False, "all at once")):
        after = serving(endpoint={"RetainDeploymentConfig": retained}, model=model)
        said = traffic(endpoint_of(before, after, types), after["Resources"])[0]
        assert said.startswith(f"shifts traffic {how}")


def test_the_alarms_that_would_undo_it_are_named(types: ResourceTypes) -> None:
    alarms = [{"AlarmName": {"Ref": "Errors"}}, {"AlarmName": "an-own-one"}]
    after = serving(
        endpoint={"DeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": alarms}}},
        Errors=resource("AWS::CloudWatch::Alarm"),
    )
    said = traffic(endpoint_of(serving(), after, types), after["Resources"])[1]
    assert said == "goes back if an alarm goes off: Errors, an-own-one"


def said_of_capacity(types: ResourceTypes, before: Template, after: Template) -> list[str]:
    return capacity(endpoint_of(before, after, types), before["Resources"], after["Resources"])


def test_retained_instances_stay_and_what_cannot_have_an_effect_is_said(
    types: ResourceTypes,
) -> None:
    after = serving(variants=[variant(InitialInstanceCount=3, InitialVariantWeight=2)])
    assert said_of_capacity(types, serving(), after) == [
        "keeps the instance count that scaling has reached",
        "InitialInstanceCount of AllTraffic, 2 → 3, has no effect: retained",
        "InitialVariantWeight of AllTraffic, 1 → 2, has no effect: retained",
    ]


@pytest.mark.parametrize(
    "endpoint",
    [
        {"RetainAllVariantProperties": False},
        {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredInstanceCount"}]},
    ],
)
def test_instances_that_are_not_retained_are_reset(
    types: ResourceTypes, endpoint: dict[str, Any]
) -> None:
    after = serving(variants=[variant(InitialInstanceCount=3)])
    after["Resources"]["Endpoint"]["Properties"] |= endpoint
    assert said_of_capacity(types, serving(), after) == [
        "resets the instance count to InitialInstanceCount, 3"
    ]


def test_without_scaling_the_count_is_simply_kept(types: ResourceTypes) -> None:
    before, after = serving(scaled=False), serving(scaled=False, model="s3://models/2.gz")
    assert said_of_capacity(types, before, after) == ["keeps its instance count"]


def test_a_new_variant_starts_with_its_own_count(types: ResourceTypes) -> None:
    after = serving(variants=[variant(), variant("Candidate", InitialInstanceCount=1)])
    assert said_of_capacity(types, serving(), after) == [
        "keeps the instance count that scaling has reached",
        "starts variant Candidate with 1 instance",
    ]


def test_a_serverless_variant_has_no_instances_to_speak_of(types: ResourceTypes) -> None:
    def serverless(memory: int) -> Template:
        config = {"MemorySizeInMB": memory, "MaxConcurrency": 5}
        return serving(variants=[{"VariantName": "V", "ServerlessConfig": config}], scaled=False)

    assert said_of_capacity(types, serverless(1024), serverless(2048)) == []


POOLS = [
    {"InstanceType": "ml.g6.xlarge", "Priority": 2},
    {"InstanceType": "ml.g5.xlarge", "Priority": 1},
]


@pytest.mark.parametrize(
    ("variants", "clash"),
    [
        (
            [variant(InstanceType="ml.g6.xlarge")],
            "AllTraffic goes from ml.g5.xlarge to ml.g6.xlarge",
        ),
        (
            [{**variant(), "InstanceType": None, "InstancePools": POOLS}],
            "AllTraffic goes from ml.g5.xlarge to ml.g5.xlarge, ml.g6.xlarge",
        ),
        ([variant("Main")], "AllTraffic goes away"),
    ],
)
@pytest.mark.parametrize("scaled_after", [True, False])
def test_a_scaled_variant_keeps_its_hardware_and_name(
    types: ResourceTypes, variants: list[dict[str, Any]], clash: str, scaled_after: bool
) -> None:
    before, after = serving(), serving(variants=variants, scaled=scaled_after)
    change = endpoint_of(before, after, types)
    said = refusals(change, before["Resources"], after["Resources"], "prod")
    assert said == [
        f"SageMaker refuses this while scaling is on: variant {clash}; deploy three times:",
        "first with [prod.scaling] enabled = false, and nothing else changed",
        "then this change, scaling still off",
        "then with [prod.scaling] enabled = true",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (serving(), serving(model="s3://models/2.gz")),
        (serving(scaled=False), serving(variants=[variant(InstanceType="ml.g6.xlarge")])),
        (serving(variants=[variant(), variant("B")]), serving(variants=[variant()])),
    ],
    ids=["another model", "scaling was off", "a variant that is not scaled"],
)
def test_anything_else_is_allowed(types: ResourceTypes, before: Template, after: Template) -> None:
    change = endpoint_of(before, after, types)
    assert refusals(change, before["Resources"], after["Resources"], "prod") == []
