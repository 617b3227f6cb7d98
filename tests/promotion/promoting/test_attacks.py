"""Somebody may write dev's bucket, and nothing else: what becomes of qa.

Each attack ended in the target's account, as "verified", before releases were data.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from aws import snapshots
from aws.errors import AssemblyError, AwsError
from promotion import PromotionError, chosen, rollback
from promotion import promote as promoting
from promotion.checkout import checkout
from promotion.console_output import Screen
from promotion.gate import GateError
from promotion.promote import End, Outcome, Promotion
from promotion.record import record
from promotion.release import Release, Source
from promotion.store import ReleaseStore
from tests.promotion.promoting import world as worlds
from tests.promotion.promoting.world import World
from tests.promotion.test_checkout import git

pytestmark = pytest.mark.slow

Files = dict[str, bytes]
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
SUPPORT = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "RoleName": "support-access",
        "ManagedPolicyArns": [ADMIN],
        "AssumeRolePolicyDocument": {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                    "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
                }
            ]
        },
    },
}
SIGNERS = '[defaults.releases]\nsigners = ["arn:aws:iam::111111111111:role/records"]\n'


@pytest.fixture(autouse=True)
def _without_the_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promoting, "deploy", worlds.deploy)
    monkeypatch.setattr(rollback, "deploy", worlds.deploy)


def signing(world: World) -> World:
    """The world, whose dev has the key that its storage stack would have."""
    file = world.folder / "stages.toml"
    file.write_text(f"{file.read_text()}\n{SIGNERS}")
    for stage in worlds.ACCOUNTS:
        kms = world.client("kms", stage)
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
        kms.create_alias(
            AliasName=f"alias/{world.project}-{stage}-releases", TargetKeyId=key["KeyId"]
        )
    world.forget()
    return world


def promoted(world: World, allowed: str | None = None, sha256: str | None = None) -> Outcome:
    source, target = world.stage("dev"), world.stage("qa")
    release = chosen.for_promotion(source, world.releases("dev")[0].id, sha256=sha256)
    screen = Screen(Console(file=StringIO()))
    return Promotion(target, worlds.verify, screen, allowed=allowed).promote(source, release)


def written(world: World, release: Release, change: Callable[[dict[str, Any]], None]) -> None:
    """Somebody writes the release's document anew, without the key."""
    s3, bucket = world.client("s3", "dev"), world.stage("dev").bucket
    document = json.loads(release.model_dump_json())
    change(document)
    key = f"releases/{release.id}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode())


def forged(world: World, release: Release, change: Callable[[Files], None]) -> None:
    """Somebody writes the recorded assembly anew, and its hash beside it."""
    stage = world.stage("dev")
    with zipfile.ZipFile(io.BytesIO(ReleaseStore(stage).assembly(release))) as content:
        files = {name: content.read(name) for name in content.namelist()}
    change(files)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    digest = hashlib.sha256(memory.getvalue()).hexdigest()
    key = f"releases/assemblies/{digest}.zip"
    stage.client("s3").put_object(Bucket=stage.bucket, Key=key, Body=memory.getvalue())
    written(world, release, lambda it: it["assembly"].update(key=key, sha256=digest))


def in_template(change: Callable[[dict[str, Any]], None]) -> Callable[[Files], None]:
    """A change of qa's serving template."""

    def changed(files: Files) -> None:
        name = "assembly-qa/serving.template.json"
        template = json.loads(files[name])
        change(template)
        files[name] = json.dumps(template).encode()

    return changed


def in_assets(kind: str) -> Callable[[Files], None]:
    """A program that the CDK CLI would run for an asset of qa's."""

    def changed(files: Files) -> None:
        name = "assembly-qa/serving.assets.json"
        assets = json.loads(files[name])
        for asset in assets[kind].values():
            asset["source"] = {"executable": ["sh", "-c", "touch pwned"], "path": "../x"}
        files[name] = json.dumps(assets).encode()

    return changed


def in_cdk_json(files: Files) -> None:
    files["cdk.json"] = b'{"plugin": ["./plugin.js"], "build": "touch pwned"}'


def is_untouched(world: World) -> bool:
    """Whether qa has neither a stack nor a copied byte of dev's."""
    objects = world.client("s3", "qa").list_objects_v2(Bucket=world.bucket("qa"))
    copied = [one for one in objects.get("Contents", []) if not one["Key"].startswith("berth/")]
    return not copied and not world.stage("qa").is_deployed()


@pytest.mark.parametrize("change", [in_cdk_json, in_assets("files"), in_assets("dockerImages")])
def test_what_would_run_a_program_is_refused(world: World, change: Callable[[Files], None]) -> None:
    forged(world, world.release("a1"), change)
    with pytest.raises(AssemblyError):
        promoted(world)
    assert is_untouched(world)


def add_role(template: dict[str, Any]) -> None:
    template["Resources"]["Support"] = SUPPORT


def test_a_role_that_only_qas_part_has_stops_and_is_named(world: World) -> None:
    forged(world, world.release("a1"), in_template(add_role))
    with pytest.raises(GateError, match=r"may now: .*; or --allow-broadening REASON"):
        promoted(world)
    assert is_untouched(world)


def not_isolated(template: dict[str, Any]) -> None:
    template["Resources"]["Model"]["Properties"]["EnableNetworkIsolation"] = False
    template["Metadata"] = {"Berth": {"network_isolation": False}}


def unreadable(template: dict[str, Any]) -> None:
    template["Resources"]["Model"]["Properties"]["PrimaryContainer"] = "none"


@pytest.mark.parametrize(
    ("change", "said"),
    [(not_isolated, "breaks NetworkIsolation"), (unreadable, "cannot be judged")],
)
def test_a_rule_of_the_checkout_is_broken_whatever_the_template_says_of_itself(
    world: World, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    forged(world, world.release("a1"), in_template(change))
    with pytest.raises(GateError, match=said):
        promoted(world, allowed="agreed")
    assert is_untouched(world)


def committed(world: World) -> Source:
    """A clean commit, with qa's snapshots as it synthesizes them."""
    kept, nested = world.folder / "snapshots", world.synthesize("a0") / "assembly-qa"
    kept.mkdir()
    for name in ("serving", "storage"):
        template = json.loads((nested / f"{name}.template.json").read_text())
        (kept / f"qa-{name.title()}.json").write_text(snapshots.snapshot(template))
    (world.folder / ".gitignore").write_text("*\n!snapshots\n!snapshots/*\n")
    git(world.folder, "init", "--quiet")
    git(world.folder, "add", ".")
    git(world.folder, "commit", "--quiet", "--message", "first")
    return checkout(world.folder)


def add_tag(template: dict[str, Any]) -> None:
    """A tag asks for no permission: it is only not what anybody has reviewed."""
    template["Resources"]["Model"]["Properties"]["Tags"] = [{"Key": "cost", "Value": "mine"}]


def test_a_release_is_what_its_commit_synthesizes_but_for_other_bytes(world: World) -> None:
    source = committed(world)
    assert source.clean
    world.release("a1", source)
    assert promoted(world).end is End.DONE


def test_what_its_commit_does_not_synthesize_stops_and_is_named(world: World) -> None:
    forged(world, world.release("a1", committed(world)), in_template(add_tag))
    with pytest.raises(GateError, match=r"Model: not as in snapshots/qa-Serving.json of commit"):
        promoted(world)
    assert is_untouched(world)


def test_a_commit_of_another_branch_says_nothing(world: World) -> None:
    """Who can push a branch could bring snapshots of their own."""
    source = committed(world)
    git(world.folder, "checkout", "--quiet", "--orphan", "main2")
    git(world.folder, "commit", "--quiet", "--message", "another")
    forged(world, world.release("a1", source), in_template(add_tag))
    assert promoted(world).end is End.DONE


def test_a_reason_goes_on_and_is_recorded(world: World) -> None:
    forged(world, world.release("a1"), in_template(add_role))
    release = promoted(world, allowed="agreed").release
    assert release is not None
    assert release.lineage is not None
    assert release.lineage.broadened == "agreed"


def test_where_nothing_is_allowed_beyond_a_reason_is_not_recorded(world: World) -> None:
    world.release("a1")
    release = promoted(world, allowed="to be safe").release
    assert release is not None
    assert release.lineage is not None
    assert release.lineage.broadened is None


def test_a_role_in_a_snapshot_beside_stages_toml_has_been_reviewed(world: World) -> None:
    forged(world, world.release("a1"), in_template(add_role))
    model = {"Type": "AWS::SageMaker::Model", "Properties": {}}
    template = {"Resources": {"Model": model, "Support": SUPPORT}}
    (world.folder / "snapshots").mkdir()
    (world.folder / "snapshots" / "qa-Serving.json").write_text(json.dumps(template))
    assert promoted(world).end is End.DONE


def test_evidence_below_the_checkouts_thresholds_stops(world: World) -> None:
    """The thresholds in the evidence are of the same hand as its figures."""
    release = world.release("a1")

    def worse(document: dict[str, Any]) -> None:
        (evidence,) = document["evidence"]
        evidence["golden"]["labels"]["PER"] = {"expected": 9, "found": 0, "right": 0}

    written(world, release, worse)
    with pytest.raises(GateError, match=r"by this stages.toml: entity F1: 0\.000, wanted at least"):
        promoted(world)
    assert is_untouched(world)


def test_a_document_that_was_not_approved_is_refused(world: World) -> None:
    release = world.release("a1")
    approved = ReleaseStore(world.stage("dev")).sha256(release.id)
    written(world, release, lambda it: it["source"].update(clean=True))
    with pytest.raises(PromotionError, match=rf"its SHA-256 is \w+; {approved} was asked for"):
        promoted(world, sha256=approved)


# Signed


def test_a_signed_release_goes_on_and_so_does_its_evidence(world: World) -> None:
    signing(world).release("a1")
    outcome = promoted(world)
    assert outcome.end is End.DONE
    assert outcome.release is not None
    assert ReleaseStore(world.stage("qa")).trusted(outcome.release.id) == outcome.release


def test_a_release_that_was_recorded_before_signing_is_recorded_again(world: World) -> None:
    before = world.release("a1")
    signing(world)
    with pytest.raises(PromotionError, match=r"not signed, and dev signs its releases; record it"):
        promoted(world)
    assert is_untouched(world)
    stage, folder = world.stage("dev"), world.folder / "cdk.out" / "a1"
    again, _ = record(stage, folder, source=Source(commit=None, clean=False))
    assert again.id > before.id
    worlds.verify(stage, again)
    assert promoted(world).end is End.DONE


def test_a_signature_of_another_key_is_refused(world: World) -> None:
    release = signing(world).release("a1")
    keys = ["arn:aws:kms:eu-central-1:111111111111:key/another"]
    with pytest.raises(PromotionError, match=r"signed by .*, which trusted_keys does not"):
        ReleaseStore(world.stage("dev")).trusted(release.id, keys=keys)


def test_evidence_is_not_added_to_what_somebody_else_has_written(world: World) -> None:
    release = signing(world).release("a1")
    written(world, release, lambda it: it.update(evidence=[]))
    with pytest.raises(PromotionError, match=r"not signed"):
        worlds.verify(world.stage("dev"), release)


def every_place(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value of a document."""
    if not isinstance(document, dict | list):
        return [path]
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    return [place for key, value in list(inner) for place in every_place(value, (*path, key))]


@given(data=st.data())
@settings(suppress_health_check=list(HealthCheck), max_examples=settings().max_examples // 2)
def test_whatever_of_a_signed_release_is_changed_nothing_of_it_is_promoted(
    signed_world: tuple[World, Release], data: st.DataObject
) -> None:
    """Every field of the document, and every byte of what it names by its hash."""
    world, release = signed_world
    s3, bucket = world.client("s3", "dev"), world.stage("dev").bucket
    key = f"releases/{release.id}.json"
    original = s3.get_object(Bucket=bucket, Key=key)
    body, metadata = original["Body"].read(), original["Metadata"]
    document = json.loads(body)
    *way, last = data.draw(st.sampled_from(every_place(document)))
    holder = document
    for step in way:
        holder = holder[step]
    holder[last] = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=9))
    changed = json.dumps(document, indent=2).encode() + b"\n"
    # Who writes may keep the signature that is there, leave it out, or write something else.
    kept = data.draw(st.sampled_from([metadata, {}, dict.fromkeys(metadata, "AAAA")]))
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=changed, Metadata=kept)
        if changed == body and kept == metadata:
            return
        with pytest.raises((PromotionError, AssemblyError, AwsError)):
            promoted(world)
        assert is_untouched(world)
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)


@pytest.fixture
def signed_world(world: World) -> tuple[World, Release]:
    """A world with one signed release in dev."""
    return world, signing(world).release("a1")
