"""Which instance gets a request, and what a container that does not answer becomes."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.json_api import AwsError
from localaws.sagemaker import runtime
from localaws.sagemaker.fleet import Fleet
from localaws.sagemaker.instance import Instance, Program
from localaws.sagemaker.state import STORE, Endpoint
from localaws.sagemaker.variant import Variant
from localaws.scope import Scope
from tests.localaws.sagemaker.conftest import REGION, STUB

pytestmark = pytest.mark.slow


@pytest.fixture
def program(tmp_path: Path) -> Program:
    model = tmp_path / "model"
    model.mkdir()
    (model / "behaviour.json").write_text(json.dumps({"answer": "here"}))
    return Program(
        label="all",
        command=(str(STUB / "entrypoint.sh"), "serve"),
        folder=STUB,
        environment={
            "PATH": os.environ["PATH"],
            "SM_MODEL_DIR": str(model),
            "BERTH_BIND_HOST": "127.0.0.1",
        },
        startup_seconds=30,
        logs=tmp_path / "logs",
    )


@pytest.fixture
def fleet(program: Program, tmp_path: Path) -> Iterator[Fleet]:
    started: list[Instance] = []
    made = Fleet([(program, 1.0)], tmp_path / "model", on_start=started.append)
    made.scale({"all": 2})
    yield made
    made.close(drain=False)
    assert all(one.exited.is_set() for one in started)


def test_the_instance_with_the_fewest_requests_is_chosen(fleet: Fleet) -> None:
    variant = fleet.variants["all"]
    entered = [variant.admit() for _ in range(4)]
    assert sorted(one.outstanding for one in variant.instances) == [2, 2]
    busy = variant.instances[0]
    for _ in range(2):
        variant.instances[1].leave()
    assert {variant.admit(), variant.admit()} == {variant.instances[1]}
    assert busy in entered


def test_one_that_drains_admits_nobody_and_waits_for_those_inside(fleet: Fleet) -> None:
    variant = fleet.variants["all"]
    first, second = variant.instances
    assert first.enter()
    first.drain(0)
    assert not first.enter()
    assert {variant.admit() for _ in range(3)} == {second}
    first.leave()
    first.drain(60)


def test_nobody_is_admitted_where_none_is_healthy(program: Program) -> None:
    assert Variant(program, 1.0).admit() is None


def test_an_answer_that_takes_too_long_is_a_model_error(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "RESPONSE_SECONDS", 0.2)
    scope = Scope("999999999999", REGION)
    endpoint = Endpoint(scope, "endpoint", "slow", {}, status="InService", fleet=fleet)
    STORE.add(endpoint, [])

    async def invoke() -> None:
        await runtime.Runtime().invoke(scope, "slow", {}, b'{"sleep": 2}')

    with pytest.raises(AwsError) as caught:
        asyncio.run(invoke())
    STORE.remove(endpoint)
    assert (caught.value.code, caught.value.status) == ("ModelError", 424)
    assert caught.value.extra["OriginalStatusCode"] == 0
    assert "invocation timed out" in str(caught.value.extra["OriginalMessage"])
    assert [one.outstanding for one in fleet.variants["all"].instances] == [0, 0]
