"""Releases in a bucket of the emulator's S3."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aws.stage import Stage
from localaws.lifecycle import Emulator, running
from promotion import PromotionError
from promotion.release import Release
from promotion.store import ReleaseStore, assembly_of, next_id
from stacks.settings import load
from tests import STAGES_FILE
from tests.promotion.releases import release, verification

pytestmark = pytest.mark.slow

STORAGE = {
    "Resources": {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
        }
    },
    "Outputs": {"DataBucketName": {"Value": {"Ref": "Bucket"}}},
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("localaws"), load(STAGES_FILE)) as emulator:
        yield emulator


@pytest.fixture
def stage(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """dev, with nothing but a bucket, for a test of its own."""
    for name, value in emulator.environment("dev").items():
        monkeypatch.setenv(name, value)
    session: Any = emulator.session("dev")
    client, name = session.client("cloudformation"), "berth-dev-storage"
    client.create_stack(StackName=name, TemplateBody=json.dumps(STORAGE))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    stage = Stage(emulator.settings, "dev")
    yield stage
    empty(stage)
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def empty(stage: Stage) -> None:
    s3 = stage.client("s3")
    for version in s3.list_object_versions(Bucket=stage.bucket).get("Versions", []):
        s3.delete_object(Bucket=stage.bucket, Key=version["Key"], VersionId=version["VersionId"])


def keys(stage: Stage) -> list[str]:
    found = stage.client("s3").list_objects_v2(Bucket=stage.bucket).get("Contents", [])
    return [each["Key"] for each in found]


def with_assembly(id: str, archive: bytes) -> Release:
    return release(id).model_copy(update={"assembly": assembly_of(archive)})


def test_releases_are_listed_in_the_order_in_which_they_were_added(stage: Stage) -> None:
    store = ReleaseStore(stage)
    assert (store.ids(), store.newest(), store.every()) == ([], None, [])
    added: list[Release] = []
    for _ in range(11):
        one = with_assembly(next_id("dev", store.newest()), b"an assembly")
        assert store.add(one, b"an assembly")
        added.append(one)
    assert store.ids() == [one.id for one in added]
    assert store.newest() == added[-1]
    assert store.every() == added[::-1]


def test_the_release_before_is_the_one_recorded_last_before_it(stage: Stage) -> None:
    store = ReleaseStore(stage)
    first, third = (with_assembly(f"dev-{number:06}", b"assembly") for number in (1, 3))
    for each in (first, third):
        store.add(each, b"assembly")
    assert store.before(first) is None
    assert store.before(third) == first


def test_of_many_writers_of_one_release_one_has_it_and_nothing_is_overwritten(
    stage: Stage,
) -> None:
    store = ReleaseStore(stage)
    archives = [f"assembly {number}".encode() for number in range(16)]
    written = [with_assembly("dev-000001", archive) for archive in archives]
    with ThreadPoolExecutor(max_workers=16) as pool:
        added = list(pool.map(store.add, written, archives))
    assert added.count(True) == 1
    assert store.read("dev-000001") == written[added.index(True)]
    versions = stage.client("s3").list_object_versions(
        Bucket=stage.bucket, Prefix="releases/dev-000001.json"
    )["Versions"]
    assert len(versions) == 1


def test_of_evidence_that_many_add_at_once_none_is_lost(stage: Stage) -> None:
    store = ReleaseStore(stage)
    one = with_assembly("dev-000001", b"an assembly")
    assert store.add(one, b"an assembly")
    found = [
        verification().model_copy(update={"endpoint_config": f"config-{number}"})
        for number in range(8)
    ]
    with ThreadPoolExecutor(max_workers=8) as pool:
        written = list(pool.map(lambda each: store.add_evidence(one.id, each), found))
    kept = store.read(one.id)
    assert sorted(kept.evidence, key=lambda each: each.endpoint_config) == found
    assert kept.model_copy(update={"evidence": ()}) == one
    assert sorted(len(each.evidence) for each in written) == list(range(1, 9))
    assert [each.evidence[-1] for each in written] == found


def test_evidence_on_a_release_that_is_not_there_is_refused(stage: Stage) -> None:
    with pytest.raises(PromotionError, match="dev-000001: no such release of dev"):
        ReleaseStore(stage).add_evidence("dev-000001", verification())
    assert keys(stage) == []


def test_a_release_is_not_there_before_its_assembly(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that is killed between the two objects."""
    store, archive = ReleaseStore(stage), b"an assembly"
    one = with_assembly("dev-000001", archive)
    put = store._s3.put_object

    def killed(**request: Any) -> Any:
        if request["Key"].endswith(".json"):
            raise KeyboardInterrupt
        return put(**request)

    monkeypatch.setattr(store._s3, "put_object", killed)
    with pytest.raises(KeyboardInterrupt):
        store.add(one, archive)
    monkeypatch.undo()
    assert keys(stage) == [one.assembly.key]
    assert ReleaseStore(stage).ids() == []
    assert ReleaseStore(stage).add(one, archive)
    assert ReleaseStore(stage).newest() == one


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("not JSON", "not a release of schema 1: Invalid JSON"),
        ("{}", "id: Field required"),
        (release("dev-000002").model_dump_json(), "it says that it is dev-000002 of dev"),
    ],
)
def test_a_document_that_is_no_release_is_refused_by_its_key(
    stage: Stage, document: str, reason: str
) -> None:
    key = "releases/dev-000001.json"
    stage.client("s3").put_object(Bucket=stage.bucket, Key=key, Body=document.encode())
    with pytest.raises(PromotionError) as refusal:
        ReleaseStore(stage).read("dev-000001")
    assert str(refusal.value).startswith(f"s3://{stage.bucket}/{key}: not ")
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_else_lies_beside_the_releases_is_none(stage: Stage) -> None:
    for key in ("releases/dev-1.json", "releases/dev-000001", "releases/qa-000001.json"):
        stage.client("s3").put_object(Bucket=stage.bucket, Key=key, Body=b"")
    assert ReleaseStore(stage).ids() == []


def test_an_assembly_that_was_written_over_is_refused(stage: Stage) -> None:
    store, made = ReleaseStore(stage), release()
    made = made.model_copy(update={"assembly": assembly_of(b"recorded")})
    assert store.add(made, b"recorded")
    assert store.assembly(made) == b"recorded"
    stage.client("s3").put_object(Bucket=stage.bucket, Key=made.assembly.key, Body=b"other")
    said = (
        rf"{made.assembly.key}: its SHA-256 is .* was recorded with {made.assembly.sha256}; restore"
    )
    with pytest.raises(PromotionError, match=said):
        store.assembly(made)


def test_what_an_image_is_made_of_lies_beside_the_releases_under_its_digest(stage: Stage) -> None:
    store, digest = ReleaseStore(stage), f"sha256:{'0f' * 32}"
    assert store.sbom(digest) is None
    assert (
        store.keep_sbom(digest, b"{}") == f"s3://{stage.bucket}/releases/sbom/{'0f' * 32}.cdx.json"
    )
    assert store.sbom(digest) == b"{}"
    assert store.ids() == []


def test_a_golden_set_that_was_written_over_is_refused(stage: Stage) -> None:
    store = ReleaseStore(stage)
    made = release().model_copy(update={"golden": store.keep_golden(b"recorded")})
    assert store.golden(made) == b"recorded"
    key = f"releases/golden/{made.golden}.jsonl"
    stage.client("s3").put_object(Bucket=stage.bucket, Key=key, Body=b"other")
    said = rf"{key}: its SHA-256 is .* was recorded with {made.golden}; restore"
    with pytest.raises(PromotionError, match=said):
        store.golden(made)
