"""A shadow variant: copies of the production variant's requests, and nothing in a client's way."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.sagemaker.shadow import MOST_COPIES
from tests.localaws.sagemaker.conftest import Account, eventually
from tests.localaws.sagemaker.guardrails import bakes, rolling, size, update
from tests.localaws.sagemaker.test_metrics import read

pytestmark = pytest.mark.slow

_numbers = count(1)


class Shadowed:
    """Endpoints with a production variant `all` and a shadow `next`."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.made: list[str] = []

    def config(self, weight: float = 1, instances: int = 1, **behaviour: object) -> str:
        """A configuration whose shadow has that weight and behaves so; production's is 1."""
        name = f"shadowed-{next(_numbers)}"
        production = self.variant("all", instances, answer=f"production of {name}")
        shadow = self.variant("next", 1, **behaviour)
        self.account.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[{**production, "InitialVariantWeight": 1}],
            ShadowProductionVariants=[{**shadow, "InitialVariantWeight": weight}],
        )
        return name

    def variant(self, name: str, instances: int, **behaviour: object) -> dict[str, Any]:
        return {
            "VariantName": name,
            "ModelName": self.account.config(behaviour=behaviour),
            "InitialInstanceCount": instances,
            "InstanceType": "ml.g5.xlarge",
        }

    def serve(self, **settings: Any) -> str:
        self.made.append(self.account.create(self.config(**settings)))
        settled = self.account.settled(self.made[-1])
        assert settled["EndpointStatus"] == "InService", settled
        return self.made[-1]

    def count(self, endpoint: str, metric: str, variant: str) -> float:
        return read(self.account, endpoint, metric, "Sum", variant) or 0


@pytest.fixture
def shadowed(account: Account) -> Iterator[Shadowed]:
    made = Shadowed(account)
    yield made
    for name in made.made:
        account.delete(name)


def test_every_request_is_copied_and_the_copys_answer_thrown_away(
    account: Account, shadowed: Shadowed
) -> None:
    name = shadowed.serve(status=500)
    for _ in range(10):
        assert account.invoke(name)["answer"].startswith("production")
    eventually(lambda: shadowed.count(name, "Invocations", "next") == 10)
    assert shadowed.count(name, "Invocation5XXErrors", "next") == 10
    assert shadowed.count(name, "Invocation5XXErrors", "all") == 0
    assert shadowed.count(name, "Invocations", "all") == 10


def test_its_share_is_its_weight_over_productions(account: Account, shadowed: Shadowed) -> None:
    name = shadowed.serve(weight=0.5)
    for _ in range(100):
        account.invoke(name)
    eventually(lambda: shadowed.count(name, "Invocations", "all") == 100)
    # Within four standard deviations of 100 draws.
    assert 30 < shadowed.count(name, "Invocations", "next") < 70


def test_a_share_above_all_is_all(account: Account, shadowed: Shadowed) -> None:
    name = shadowed.serve(weight=3)
    for _ in range(10):
        account.invoke(name)
    eventually(lambda: shadowed.count(name, "Invocations", "next") == 10)


def test_clients_do_not_wait_for_a_shadow(
    account: Account, shadowed: Shadowed, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    name = shadowed.serve(hold=str(release))
    assert account.invoke(name)["answer"].startswith("production")
    eventually(lambda: shadowed.count(name, "Invocations", "all") == 1)
    assert shadowed.count(name, "Invocations", "next") == 0
    release.touch()
    eventually(lambda: shadowed.count(name, "Invocations", "next") == 1)


def test_copies_beyond_those_that_may_be_on_their_way_are_dropped(
    account: Account, shadowed: Shadowed, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    name = shadowed.serve(hold=str(release))
    for _ in range(MOST_COPIES + 10):
        account.invoke(name)
    release.touch()
    eventually(lambda: shadowed.count(name, "Invocations", "next") == MOST_COPIES)
    account.invoke(name)
    eventually(lambda: shadowed.count(name, "Invocations", "next") == MOST_COPIES + 1)


def test_it_is_described_beside_production_and_cannot_be_called(
    account: Account, shadowed: Shadowed
) -> None:
    name = shadowed.serve(weight=0.5)
    described = account.describe(name)
    assert [one["VariantName"] for one in described["ProductionVariants"]] == ["all"]
    (shadow,) = described["ShadowProductionVariants"]
    assert shadow["VariantName"] == "next"
    assert shadow["CurrentInstanceCount"] == 1
    assert shadow["CurrentWeight"] == 0.5
    with pytest.raises(ClientError, match="Variant next of endpoint"):
        account.invoke(name, TargetVariant="next")
    assert account.invoke(name, TargetVariant="all")["answer"]


def test_its_weight_can_be_changed_alone(account: Account, shadowed: Shadowed) -> None:
    name = shadowed.serve(weight=1)
    account.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "next", "DesiredWeight": 0}]
    )
    account.settled(name)
    account.invoke(name)
    eventually(lambda: shadowed.count(name, "Invocations", "all") == 1)
    assert shadowed.count(name, "Invocations", "next") == 0


def test_an_update_brings_a_shadow_and_one_takes_it_away(
    account: Account, shadowed: Shadowed
) -> None:
    name = account.serve(InitialInstanceCount=2)
    config = shadowed.config(instances=2)
    update(account, name, config, rolling(size(1), 150))
    eventually(lambda: bakes(account, name))
    summary = account.describe(name)["PendingDeploymentSummary"]
    assert [one["VariantName"] for one in summary["ShadowProductionVariants"]] == ["next"]
    assert account.settled(name)["EndpointConfigName"] == config
    account.invoke(name)
    eventually(lambda: shadowed.count(name, "Invocations", "next") > 0)
    account.client("sagemaker").update_endpoint(
        EndpointName=name, EndpointConfigName=account.config()
    )
    assert "ShadowProductionVariants" not in account.settled(name)
    account.delete(name)


def test_there_is_exactly_one_of_each(account: Account, shadowed: Shadowed) -> None:
    one, two, three = (shadowed.variant(name, 1) for name in ("a", "b", "c"))
    create = account.client("sagemaker").create_endpoint_config
    for production, shadows in (([one, two], [three]), ([one], [two, three])):
        with pytest.raises(ClientError, match="exactly one production and one shadow"):
            create(
                EndpointConfigName="never",
                ProductionVariants=production,
                ShadowProductionVariants=shadows,
            )
