"""From stage to stage, and back."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from io import StringIO

import pytest
from rich.console import Console

from aws.stage import Stage
from promotion import PromotionError, lock, rollback
from promotion import promote as promoting
from promotion.artifacts import Artifact
from promotion.console_output import Screen
from promotion.gate import GateError
from promotion.promote import End, Outcome, Promotion
from promotion.release import Release
from promotion.store import ReleaseStore
from tests.promotion.promoting import world as worlds
from tests.promotion.promoting.world import World

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _without_the_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promoting, "deploy", worlds.deploy)
    monkeypatch.setattr(rollback, "deploy", worlds.deploy)


def promoted(world: World, source: str, target: str, forced: str | None = None) -> Outcome:
    release = ReleaseStore(world.stage(source)).newest()
    assert release is not None
    screen = Screen(Console(file=StringIO()))
    promotion = Promotion(world.stage(target), worlds.verify, screen)
    return promotion.promote(world.stage(source), release, forced=forced)


def test_a_release_goes_on_stage_by_stage_with_its_bytes_and_its_lineage(world: World) -> None:
    released = world.release("a1")
    outcome = promoted(world, "dev", "qa")
    assert outcome.end is End.DONE
    assert outcome.release is not None
    assert outcome.release.lineage is not None
    assert outcome.release.lineage.release == released.id
    assert outcome.release.assets[0].content.sha256 == released.assets[0].content.sha256
    assert outcome.release.images[0].digest == released.images[0].digest
    assert promoted(world, "qa", "prod").end is End.DONE
    world.check()
    for stage in ("dev", "qa", "prod"):
        world.check_at_rest(stage)


def test_promoted_twice_it_is_there_already(world: World) -> None:
    world.release("a1")
    first, second = promoted(world, "dev", "qa"), promoted(world, "dev", "qa")
    assert (second.end, second.release) == (End.ALREADY, first.release)


def test_what_did_not_pass_is_stopped_and_nothing_is_touched(world: World) -> None:
    world.release("bad")
    with pytest.raises(GateError, match=r"dev-000001 did not pass: model: bad, wanted good; or"):
        promoted(world, "dev", "qa")
    assert not world.stage("qa").is_deployed()


def test_a_forced_release_that_does_not_pass_is_rolled_back(world: World) -> None:
    world.release("a1")
    good = promoted(world, "dev", "qa").release
    world.release("bad")
    outcome = promoted(world, "dev", "qa", forced="to see it rolled back")
    assert (outcome.end, outcome.reason) == (
        End.ROLLED_BACK,
        "qa-000002 did not pass: model: bad, wanted good",
    )
    assert good is not None
    assert outcome.release is not None
    assert outcome.release.id == "qa-000003"
    assert outcome.release.lineage is not None
    assert outcome.release.lineage.release == good.id
    assert outcome.release.evidence[-1].passed
    failed = ReleaseStore(world.stage("qa")).read("qa-000002")
    assert failed.lineage is not None
    assert failed.lineage.forced == "to see it rolled back"
    world.check_at_rest("qa")


def test_a_deployment_that_fails_is_rolled_back_too(world: World) -> None:
    world.release("a1")
    promoted(world, "dev", "qa")
    world.release("undeployable")
    outcome = promoted(world, "dev", "qa")
    assert outcome.end is End.ROLLED_BACK
    assert "the deployment failed" in str(outcome.reason)
    world.check_at_rest("qa")
    world.check()


def test_a_first_deployment_that_fails_has_no_rollback(world: World) -> None:
    world.release("undeployable")
    outcome = promoted(world, "dev", "qa")
    assert outcome.end is End.FAILED
    assert str(outcome.reason).endswith("qa has no former release to roll back to")
    world.release("a1")
    assert promoted(world, "dev", "qa").end is End.DONE


def test_a_stage_that_cannot_be_verified_is_refused_before_anything_is_touched(
    world: World,
) -> None:
    stages = world.folder / "stages.toml"
    stages.write_text(stages.read_text().replace("[qa]\n", '[qa]\nmode = "batch"\n'))
    world.forget()
    world.release("a1")
    with pytest.raises(PromotionError, match="qa: cannot be verified: a batch transform has no"):
        promoted(world, "dev", "qa")
    assert not world.stage("qa").is_deployed()


def deny_verifying(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    verify = worlds.verify

    def denied(stage: Stage, release: Release) -> Release:
        if release.id == name:
            raise PromotionError("AWS: AccessDenied")
        return verify(stage, release)

    monkeypatch.setattr(worlds, "verify", denied)


def test_what_cannot_be_verified_once_it_is_deployed_is_rolled_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.release("a1")
    promoted(world, "dev", "qa")
    world.release("a2")
    deny_verifying(monkeypatch, "qa-000002")
    outcome = promoted(world, "dev", "qa")
    assert outcome.end is End.ROLLED_BACK
    assert outcome.reason == "qa-000002 could not be verified: AWS: AccessDenied"
    world.check_at_rest("qa")


class KilledError(BaseException):
    pass


def test_a_rollback_is_to_no_release_that_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.release("a1")
    promoted(world, "dev", "qa")
    world.release("bad")
    promoted_until(monkeypatch, world, Promotion, "_rolled_back")
    assert world.releases("qa")[0].has_failed
    world.release("undeployable")
    outcome = promoted(world, "dev", "qa")
    assert (outcome.end, rolled_back_to(outcome)) == (End.ROLLED_BACK, "qa-000001")


def test_a_rollback_is_not_to_the_release_that_is_promoted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.release("a1")
    promoted(world, "dev", "qa")
    world.release("a2")
    promoted_until(monkeypatch, world, worlds, "verify")
    deny_verifying(monkeypatch, "qa-000002")
    outcome = promoted(world, "dev", "qa")
    assert (outcome.end, rolled_back_to(outcome)) == (End.ROLLED_BACK, "qa-000001")


def promoted_until(monkeypatch: pytest.MonkeyPatch, world: World, owner: object, step: str) -> None:
    """Promote, and be killed where that step begins."""

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, killed)
        with pytest.raises(KilledError):
            promoted(world, "dev", "qa", forced="to see it killed")


def rolled_back_to(outcome: Outcome) -> str | None:
    assert outcome.release is not None
    assert outcome.release.lineage is not None
    return outcome.release.lineage.release


def test_a_stage_that_another_promotion_changes_is_left_alone(world: World) -> None:
    world.release("a1")
    qa = world.stage("qa")
    with (
        lock.held(qa, world.bucket("qa"), doing="promotes dev-000009"),
        pytest.raises(PromotionError, match="promotes dev-000009"),
    ):
        promoted(world, "dev", "qa")
    assert not qa.is_deployed()
    assert promoted(world, "dev", "qa").end is End.DONE


def test_a_lock_that_is_broken_stops_its_holder_before_the_deployment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.release("a1")
    qa = world.stage("qa")
    copy_all = Screen.copy
    with ExitStack() as others:

        def copy(
            screen: Screen, artifacts: Sequence[Artifact], *, before_each: Callable[[], None]
        ) -> None:
            copy_all(screen, artifacts, before_each=before_each)
            taking = lock.held(qa, world.bucket("qa"), doing="takes it", breaking="to see it stop")
            others.enter_context(taking)

        monkeypatch.setattr(Screen, "copy", copy)
        with pytest.raises(PromotionError, match=r"qa: the lock was broken.* takes it"):
            promoted(world, "dev", "qa")
    assert not qa.is_deployed()


def gone_file(world: World, release: Release) -> str:
    (asset,) = release.assets
    world.client("s3", "qa").delete_object(Bucket=asset.bucket, Key=asset.key)
    return rf"s3://{asset.bucket}/{asset.key}: is not what qa-000001 ran with, or gone; promote"


def gone_image(world: World, release: Release) -> str:
    (image,) = release.images
    world.client("ecr", "qa").batch_delete_image(
        repositoryName=image.repository, imageIds=[{"imageTag": image.tag}]
    )
    return rf"{image.repository}:{image.tag}: is not what qa-000001 ran with, or gone; promote"


def other_file(world: World, release: Release) -> str:
    (asset,) = release.assets
    body = bytes(asset.content.size)
    world.client("s3", "qa").put_object(Bucket=asset.bucket, Key=asset.key, Body=body)
    return rf"{asset.key}: is not what qa-000001 ran with, or gone; promote"


@pytest.mark.parametrize("take_away", [gone_file, other_file, gone_image])
def test_what_is_no_longer_whole_is_not_rolled_back_to(
    world: World, take_away: Callable[[World, Release], str]
) -> None:
    world.release("a1")
    first = promoted(world, "dev", "qa").release
    assert first is not None
    world.release("b1")
    promoted(world, "dev", "qa")
    reason = take_away(world, first)
    promotion = Promotion(world.stage("qa"), worlds.verify, Screen(Console(file=StringIO())))
    with pytest.raises(PromotionError, match=reason):
        promotion.roll_back(first)
    assert [each.id for each in world.releases("qa")] == ["qa-000002", "qa-000001"]
    world.check_at_rest("qa")


def test_a_former_release_is_deployed_again_as_it_was(world: World) -> None:
    world.release("a1")
    first = promoted(world, "dev", "qa").release
    assert first is not None
    world.release("b1")
    promoted(world, "dev", "qa")
    promotion = Promotion(world.stage("qa"), worlds.verify, Screen(Console(file=StringIO())))
    outcome = promotion.roll_back(first)
    assert outcome.end is End.DONE
    assert outcome.release is not None
    assert outcome.release.models[0].archive == first.models[0].archive
    assert outcome.release.assembly == first.assembly
    world.check_at_rest("qa")
