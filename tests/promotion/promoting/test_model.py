"""A trained model that comes to qa by itself goes on to prod as every other release does."""

import hashlib
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from aws.assembly import StageAssembly
from promotion import PromotionError, exchange, rollback, trained
from promotion import promote as promoting
from promotion.console_output import Screen
from promotion.gate import GateError
from promotion.promote import End, Outcome, Promotion
from promotion.release import Asset, Release
from promotion.store import ReleaseStore
from promotion.trained import bring_model
from tests.promotion.promoting import world as worlds
from tests.promotion.promoting.world import World

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _in_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the CDK CLI, and without MLflow's files in a model's archive."""
    monkeypatch.setattr(promoting, "deploy", worlds.deploy)
    monkeypatch.setattr(rollback, "deploy", worlds.deploy)
    monkeypatch.setattr(trained, "check_fit", lambda *_: None)


def promotion(world: World, target: str) -> Promotion:
    return Promotion(world.stage(target), worlds.verify, Screen(Console(file=StringIO())))


def served(world: World, stage: str) -> Release:
    release = ReleaseStore(world.stage(stage)).served()
    assert release is not None
    return release


def run(world: World, source: str, target: str) -> Outcome:
    return promotion(world, target).promote(world.stage(source), served(world, source))


def model(world: World, name: str) -> Outcome:
    """Bring a trained model from dev to qa."""
    return bring_model(promotion(world, "qa"), world.stage("dev"), name, served(world, "qa"))


def roll_back(world: World, to: str) -> Outcome:
    return promotion(world, "qa").roll_back(ReleaseStore(world.stage("qa")).read(to))


def check_runs(world: World, version: str, *stages: str) -> None:
    """The stages run a version, as their newest releases say, and nothing is left to deploy."""
    wanted = hashlib.sha256(worlds.archive(version)).hexdigest()
    for stage in stages:
        (running,) = served(world, stage).models
        assert running.archive is not None
        assert running.archive.sha256 == wanted
        assert running.manifest_sha256 == worlds.manifest(version)
        world.check_at_rest(stage)
    world.check()


def test_from_dev_to_qa_by_its_name_and_on_to_prod(world: World) -> None:
    world.release("a1")
    run(world, "dev", "qa")
    assert model(world, world.train("a2")).end is End.DONE
    outcome = run(world, "qa", "prod")
    assert outcome.end is End.DONE
    check_runs(world, "a2", "qa", "prod")
    check_runs(world, "a1", "dev")
    assert outcome.release is not None
    assert outcome.release.lineage is not None
    assert outcome.release.lineage.release == "qa-000002"
    assert run(world, "qa", "prod").end is End.ALREADY


def test_it_takes_the_place_of_what_prod_runs(world: World) -> None:
    world.release("a1")
    run(world, "dev", "qa")
    run(world, "qa", "prod")
    model(world, world.train("a2"))
    assert run(world, "qa", "prod").end is End.DONE
    check_runs(world, "a2", "qa", "prod")


def test_what_did_not_pass_in_qa_is_stopped_before_prod(world: World) -> None:
    world.release("a1")
    run(world, "dev", "qa")
    assert model(world, world.train("a-bad")).end is End.ROLLED_BACK
    failed = ReleaseStore(world.stage("qa")).read("qa-000002")
    with pytest.raises(GateError, match="qa-000002 did not pass: model: bad, wanted good"):
        promotion(world, "prod").promote(world.stage("qa"), failed)
    assert not world.stage("prod").is_deployed()
    assert run(world, "qa", "prod").end is End.DONE
    check_runs(world, "a1", "qa", "prod")


def test_qa_rolled_back_goes_on_to_prod_with_what_it_runs_again(world: World) -> None:
    world.release("a1")
    run(world, "dev", "qa")
    model(world, world.train("a2"))
    assert roll_back(world, "qa-000001").end is End.DONE
    assert run(world, "qa", "prod").end is End.DONE
    check_runs(world, "a1", "qa", "prod")
    assert roll_back(world, "qa-000002").end is End.DONE
    assert run(world, "qa", "prod").end is End.DONE
    check_runs(world, "a2", "qa", "prod")


def test_a_second_model_takes_the_place_of_the_first_in_every_stage(world: World) -> None:
    world.release("a1")
    run(world, "dev", "qa")
    model(world, world.train("a2"))
    model(world, world.train("a3"))
    assert run(world, "qa", "prod").end is End.DONE
    check_runs(world, "a3", "qa", "prod")


def test_the_next_release_of_dev_takes_its_place(world: World) -> None:
    world.release("a1")
    run(world, "dev", "qa")
    model(world, world.train("a2"))
    run(world, "qa", "prod")
    world.release("a3")
    assert run(world, "dev", "qa").end is End.DONE
    assert run(world, "qa", "prod").end is End.DONE
    check_runs(world, "a3", "dev", "qa", "prod")


def test_what_an_earlier_version_brought_to_qa_alone_is_brought_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier versions exchanged the model in qa's part of the assembly alone."""
    world.release("a1")
    run(world, "dev", "qa")
    name, parts_with = world.train("a2"), exchange.parts_with

    def of_qa(folder: Path, archive: Asset) -> Mapping[str, StageAssembly]:
        return {"qa": parts_with(folder, archive)["qa"]}

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "parts_with", of_qa)
        model(world, name)
    with pytest.raises(PromotionError, match=r"qa-000002 did not run with the asset .* prod needs"):
        run(world, "qa", "prod")
    roll_back(world, "qa-000001")
    assert model(world, name).end is End.DONE
    assert run(world, "qa", "prod").end is End.DONE
    check_runs(world, "a2", "qa", "prod")
