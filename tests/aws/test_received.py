"""What is left of a recorded assembly once it has been read."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.assembly import read
from aws.errors import AssemblyError
from aws.received import Files, written_anew
from tests.aws import assemblies
from tests.aws.assemblies import ACCOUNT, ARCHIVE, IMAGE, PROJECT, QUALIFIER, REGION, role, write

SERVING = "assembly-qa/qaServingBFA62EE2"


def anew(files: Files) -> Files:
    return written_anew(files, PROJECT, QUALIFIER)


def changed(files: Files, path: str, change: Any) -> Files:
    """With the JSON document at `path` changed by a function."""
    document = json.loads(files[path])
    change(document)
    return files | {path: json.dumps(document).encode()}


@pytest.fixture
def files() -> Files:
    return assemblies.assembly("dev", "qa")


def test_what_is_written_anew_is_read_as_the_original(files: Files, tmp_path: Path) -> None:
    write(tmp_path / "original", files)
    write(tmp_path / "anew", anew(files))
    for stage in ("dev", "qa"):
        assert read(tmp_path / "anew", stage, ACCOUNT, REGION) == read(
            tmp_path / "original", stage, ACCOUNT, REGION
        )


def test_what_has_been_written_anew_stays_as_it_is(files: Files) -> None:
    assert anew(anew(files)) == anew(files)


def test_templates_keep_their_bytes(files: Files) -> None:
    for name in (name for name in files if name.endswith(".template.json")):
        assert anew(files)[name] == files[name]


def test_what_the_cdk_writes_for_itself_is_left_out(files: Files) -> None:
    kept = anew(files | {"assembly-qa/tree.json": b"{}"})
    assert not [name for name in kept if "metadata" in name or name.endswith(("tree.json", ".out"))]


@pytest.mark.parametrize(
    "name", ["cdk.json", "assembly-qa/cdk.json", "package.json", "assembly-qa/x.js", "../x", "/x"]
)
def test_a_file_that_no_assembly_has_is_refused(files: Files, name: str) -> None:
    with pytest.raises(AssemblyError, match=r"no such file is part of a recorded assembly"):
        anew(files | {name: b'{"plugin": ["./x.js"], "build": "sh x"}'})


def moved(files: Files, name: str, key: str) -> Files:
    """The archive under another id and key."""

    def renamed(assets: Any) -> None:
        asset = assets["files"].pop(ARCHIVE)
        asset["destinations"]["there"]["objectKey"] = key
        asset["source"]["path"] = "/home/somebody/build/files/0"
        assets["files"][name] = asset

    return changed(files, f"{SERVING}.assets.json", renamed)


def test_a_file_of_a_model_that_is_uploaded_as_it_is_stays(files: Files) -> None:
    name = f"models/{ARCHIVE}/data/größe mit Leerzeichen.bin"
    assets = json.loads(anew(moved(files, name, name))[f"{SERVING}.assets.json"])
    assert "somebody" not in json.dumps(assets)
    (place,) = assets["files"][name]["destinations"].values()
    assert place["objectKey"] == name


@pytest.mark.parametrize(
    "name",
    [
        f"models/{ARCHIVE}",
        f"models/{ARCHIVE}/../x",
        f"models/{ARCHIVE}//x",
        f"models/{ARCHIVE}/x\n",
        f"others/{ARCHIVE}/x",
        f"{ARCHIVE}/x",
        "berth/locks/berth-qa.json",
    ],
)
def test_any_other_key_of_a_file_is_refused(files: Files, name: str) -> None:
    with pytest.raises(AssemblyError, match=r"no hash, and no file of a model"):
        anew(moved(files, name, name))


def test_a_file_under_the_key_of_another_is_refused(files: Files) -> None:
    for key in (f"{IMAGE}.gz", f"{ARCHIVE}.gz/../x", f"x{ARCHIVE}"):
        with pytest.raises(AssemblyError, match=r"is not named by its hash in S3"):
            anew(moved(files, ARCHIVE, key))


@pytest.mark.parametrize(("kind", "of"), [("files", ARCHIVE), ("dockerImages", IMAGE)])
def test_an_asset_that_a_program_would_make_is_refused(files: Files, kind: str, of: str) -> None:
    def executable(assets: Any) -> None:
        assets[kind][of]["source"] = {"executable": ["sh", "-c", "id"], "path": "../x"}

    with pytest.raises(AssemblyError, match=r"executable: .*sh"):
        anew(changed(files, f"{SERVING}.assets.json", executable))


def test_roles_buckets_and_repositories_are_the_stages_own(files: Files) -> None:
    other = "arn:aws:iam::666666666666:role/other"

    def elsewhere(manifest: Any) -> None:
        properties = manifest["artifacts"]["qaServingBFA62EE2"]["properties"]
        properties |= {"assumeRoleArn": other, "cloudFormationExecutionRoleArn": other}

    def bucket(assets: Any) -> None:
        place = assets["files"][ARCHIVE]["destinations"]["there"]
        place |= {"bucketName": "others", "assumeRoleArn": other}
        image = assets["dockerImages"][IMAGE]["destinations"]["there"]
        image |= {"repositoryName": "others", "assumeRoleArn": other}

    told = changed(files, "assembly-qa/manifest.json", elsewhere)
    assert anew(changed(told, f"{SERVING}.assets.json", bucket)) == anew(files)
    manifest = json.loads(anew(files)["assembly-qa/manifest.json"])
    assert role("cfn-exec") in json.dumps(manifest)


def test_a_stack_that_is_not_the_stages_is_refused(files: Files) -> None:
    def renamed(manifest: Any) -> None:
        manifest["artifacts"]["qaServingBFA62EE2"]["properties"]["stackName"] = "payroll"

    with pytest.raises(AssemblyError, match=r"'payroll' .* is no stack of berth-qa"):
        anew(changed(files, "assembly-qa/manifest.json", renamed))


@pytest.mark.parametrize("key", ["parameters", "notificationArns"])
def test_parameters_and_notifications_are_refused(files: Files, key: str) -> None:
    def added(manifest: Any) -> None:
        value: Any = {"a": "b"} if key == "parameters" else ["arn:aws:sns:::x"]
        manifest["artifacts"]["qaServingBFA62EE2"]["properties"][key] = value

    with pytest.raises(AssemblyError, match=key):
        anew(changed(files, "assembly-qa/manifest.json", added))


@pytest.mark.parametrize(
    "wrong",
    [
        {"Resources": {}, "Transform": "AWS::Include"},
        {"Resources": {"x": {"Fn::Transform": {"Name": "AWS::Include"}}}},
        {"resources": {}},
    ],
)
def test_a_template_is_of_resources_without_transforms(files: Files, wrong: Any) -> None:
    with pytest.raises(AssemblyError, match=r"transform|no Resources"):
        anew(files | {f"{SERVING}.template.json": json.dumps(wrong).encode()})


def test_more_than_cloudformation_takes_is_refused(files: Files) -> None:
    large = json.dumps({"Resources": {}, "Description": "x" * (1 << 20)})
    with pytest.raises(AssemblyError, match=r"more than CloudFormation's 1,048,576 bytes"):
        anew(files | {f"{SERVING}.template.json": large.encode()})


def test_a_document_of_ten_thousand_levels_is_refused_in_one_line(files: Files) -> None:
    with pytest.raises(AssemblyError, match=r"not JSON"):
        anew(files | {f"{SERVING}.assets.json": b"[" * 100_000})


# Every field of every document


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(["sh", "-c", "id"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
KEYS = st.sampled_from(["executable", "path", "assumeRoleArn", "parameters", "properties", "file"])


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON document."""
    yield path
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, inner in list(items):
            yield from places(inner, (*path, key))


def leaves(document: Any) -> set[str]:
    """Everything that a document names: its keys and values."""
    found = {document} if isinstance(document, str) else set()
    if isinstance(document, dict):
        found |= set(document).union(*map(leaves, document.values()))
    if isinstance(document, list):
        found |= set().union(*map(leaves, document))
    return found


def says(files: Files) -> set[str]:
    """All that the CDK CLI is told, but for what is stated to be data: tags and build arguments."""
    told: set[str] = set(files)
    for name, content in files.items():
        if not name.endswith((".template.json", ".toml")):
            document = json.loads(content)
            for artifact in document.get("artifacts", {}).values():
                artifact.get("properties", {}).pop("tags", None)
            for image in document.get("dockerImages", {}).values():
                image["source"] = {"directory": image["source"]["directory"]}
            told |= leaves(document)
    return told


@given(st.data())
def test_whatever_is_changed_the_cli_is_told_nothing_that_it_was_not_told_before(
    data: st.DataObject,
) -> None:
    files = assemblies.assembly("dev", "qa")
    allowed = says(anew(files)) | {"tags", "platform", "packaging", "file", "zip"}
    documents = sorted(each for each in files if each.endswith(("manifest.json", "assets.json")))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(documents))
        document = json.loads(files[name])
        *way, last = data.draw(st.sampled_from([one for one in places(document) if one]))
        holder = document
        for key in way:
            holder = holder[key]
        match data.draw(st.sampled_from(["set", "delete", "add", "copy"])):
            case "set":
                holder[last] = data.draw(JSON)
            case "delete":
                del holder[last]
            case "add" if isinstance(holder, dict):
                holder[data.draw(KEYS | st.text(max_size=8))] = data.draw(JSON)
            case _:
                if isinstance(holder, dict):
                    holder[data.draw(st.text(max_size=8))] = deepcopy(holder[last])
        files[name] = json.dumps(document).encode()
    with suppress(AssemblyError):
        assert says(anew(files)) <= allowed
