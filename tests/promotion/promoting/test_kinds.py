"""Models of every kind from dev to prod, and a worse one of each stopped, by real evidence.

The endpoint alone is made up: it answers as the version that it was asked to serve would.
"""

import json
import tarfile
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from rich.console import Console

from aws.stage import Stage
from promotion import promote as promoting
from promotion import rollback
from promotion.console_output import Screen
from promotion.gate import GateError
from promotion.promote import End, Outcome, Promotion
from promotion.release import Release
from promotion.store import ReleaseStore
from promotion.verifying import gather
from tests import STAGES_FILE
from tests.promotion.promoting import world as worlds
from tests.promotion.promoting.world import World

pytestmark = pytest.mark.slow

QUICK = """
[defaults.verify]
bake_seconds = 0
seconds = 1
requests_per_second = 1
min_cases = 10
max_latency_p99_ms = 60_000
"""


class Kind(NamedTuple):
    """A kind of model: the key of its golden set, what is right, and what a worse one answers."""

    key: str
    right: Any
    wrong: Any
    metric: str
    bare: bool = False


KINDS = {
    "regressor": Kind("value", 3.5, 4.5, "accuracy drop"),
    "classifier": Kind("label", "good", {"label": "bad", "score": 0.9}, "accuracy drop"),
    "encoder": Kind("vector", [1.0, 0.5], [-1.0, 2.0], "accuracy drop"),
    "handler": Kind("output", {"sum": 1}, {"sum": 2}, "accuracy drop", bare=True),
    "tagger": Kind("entities", [{"start": 0, "end": 4, "label": "PER"}], [], "entity F1 drop"),
}
CASES = 10


def golden(kind: Kind) -> bytes:
    lines = (json.dumps({"input": {"text": [str(n)]}, kind.key: kind.right}) for n in range(CASES))
    return "".join(f"{line}\n" for line in lines).encode()


class Served:
    """The endpoint of a stage: a `worse` version is wrong in its first case, a good one in none."""

    kind: Kind
    versions: dict[str, str]

    def __init__(self, stage: Stage, release: Release, stopped: object) -> None:
        (model,) = release.models
        key = str(model.data).rpartition("/")[2]
        self._worse = "worse" in self.versions[key]

    def invoke(self, body: bytes) -> bytes:
        is_wrong = self._worse and json.loads(body) == {"text": ["0"]}
        found = self.kind.wrong if is_wrong else self.kind.right
        return json.dumps(found if self.kind.bare else {"predictions": [found]}).encode()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def world(accounts: None, tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> World:
    del accounts
    monkeypatch.setattr(promoting, "deploy", worlds.deploy)
    monkeypatch.setattr(rollback, "deploy", worlds.deploy)
    monkeypatch.setattr(gather, "Endpoint", Served)
    plain, versions = worlds.archive, dict[str, str]()

    def archive(version: str) -> bytes:
        """With the golden set, of `easy` in the name one of one easy case."""
        versions[worlds._key(version)] = version
        every = golden(kind)
        easy = every.splitlines(keepends=True)[-1]
        return with_golden(plain(version), easy if "easy" in version else every)

    monkeypatch.setattr(worlds, "archive", archive)
    monkeypatch.setattr(Served, "kind", kind, raising=False)
    monkeypatch.setattr(Served, "versions", versions, raising=False)
    monkeypatch.setattr(worlds, "verify", verify)
    return World.made(tmp_path / "project", f"p{uuid4().hex[:8]}", STAGES_FILE.read_text() + QUICK)


def with_golden(packed: bytes, content: bytes) -> bytes:
    memory = BytesIO()
    with (
        tarfile.open(fileobj=BytesIO(packed)) as before,
        tarfile.open(fileobj=memory, mode="w:gz") as after,
    ):
        for member in before:
            after.addfile(member, before.extractfile(member))
        listed = tarfile.TarInfo("golden.jsonl")
        listed.size = len(content)
        after.addfile(listed, BytesIO(content))
    return memory.getvalue()


def verify(stage: Stage, release: Release) -> Release:
    """As `berth verify`, but for the endpoint's configuration: nothing is hosted here."""
    store = ReleaseStore(stage)
    former = gather.former_of(store, release)
    found = gather.gather(stage, release, store.golden(release), former, lambda *_: None)
    checks = tuple(check for check in found.checks if check.name != "endpoint config")
    return store.add_evidence(release.id, found.model_copy(update={"checks": checks}))


def promoted(world: World, source: str, target: str, forced: str | None = None) -> Outcome:
    release = ReleaseStore(world.stage(source)).newest()
    assert release is not None
    promotion = Promotion(world.stage(target), verify, Screen(Console(file=StringIO())))
    return promotion.promote(world.stage(source), release, forced=forced)


def test_a_good_one_goes_from_dev_to_prod_and_a_worse_one_is_stopped(
    world: World, kind: Kind
) -> None:
    world.release("a1")
    for source, target in (("dev", "qa"), ("qa", "prod")):
        outcome = promoted(world, source, target)
        assert outcome.end is End.DONE, outcome.reason
        assert outcome.release is not None
        evidence = outcome.release.latest_evidence
        assert evidence is not None
        assert evidence.golden is not None
        assert (evidence.golden.cases, evidence.golden.exact) == (CASES, CASES)

    world.release("a2-worse")
    with pytest.raises(GateError, match=f"dev-000002 did not pass: {kind.metric}: "):
        promoted(world, "dev", "qa")
    forced = promoted(world, "dev", "qa", forced="to see it rolled back")
    assert forced.end is End.ROLLED_BACK
    assert f"did not pass: {kind.metric}: " in str(forced.reason)
    assert forced.release is not None
    assert forced.release.has_failed is False


one_kind = pytest.mark.parametrize("kind", ["classifier"], indirect=True)


@one_kind
def test_a_worse_one_with_a_set_of_one_easy_case_is_stopped_by_the_former_set(
    world: World, kind: Kind
) -> None:
    world.release("a1")
    stages = world.folder / "stages.toml"
    stages.write_text(stages.read_text().replace("min_cases = 10", "min_cases = 1"))
    world.forget()
    easy = world.release("a2-worse-easy")
    assert easy.latest_evidence is not None
    assert easy.latest_evidence.golden is not None
    assert (easy.latest_evidence.golden.cases, easy.latest_evidence.golden.accuracy) == (1, 1)
    with pytest.raises(GateError, match=r"did not pass: accuracy drop: 0\.100"):
        promoted(world, "dev", "qa")


@one_kind
def test_a_rollback_is_not_held_against_what_it_goes_back_from(world: World, kind: Kind) -> None:
    """That may have done better on the golden set, and worse in what it does not ask."""
    world.release("a1-worse")
    worse = promoted(world, "dev", "qa").release
    assert worse is not None
    world.release("a2")
    assert promoted(world, "dev", "qa").end is End.DONE
    promotion = Promotion(world.stage("qa"), verify, Screen(Console(file=StringIO())))
    back = promotion.roll_back(worse)
    assert (back.end, back.reason) == (End.DONE, None)


@one_kind
@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("min_cases = 11", "golden set: 10 of 10 cases right, wanted at least 11 cases"),
        ("min_accuracy = 0.95", "accuracy: 0.900, wanted at least 0.950"),
    ],
)
def test_the_checkout_that_promotes_has_a_say_in_what_was_measured(
    world: World, kind: Kind, asked: str, reason: str
) -> None:
    world.release("a1-worse" if "accuracy" in asked else "a1")
    stages = world.folder / "stages.toml"
    key = asked.partition(" ")[0]
    kept = [line for line in stages.read_text().splitlines() if not line.startswith(key)]
    stages.write_text("\n".join([*kept, asked]))
    world.forget()
    with pytest.raises(GateError, match=f"does not pass by this stages.toml: {reason}"):
        promoted(world, "dev", "qa")
