"""The golden set of what is deployed, kept in the stage's bucket."""

import hashlib
from typing import Any

import pytest

from aws.stage import Stage
from promotion import PromotionError
from promotion.release import Model, Release
from promotion.store import ReleaseStore
from promotion.verifying.golden_store import keep
from tests.promotion.releases import release
from tests.promotion.verifying.conftest import tarball

pytestmark = pytest.mark.slow

ONE, OTHER = b'{"input": 1, "entities": []}\n', b'{"input": 2, "entities": []}\n'


def serving(*variants: str) -> dict[str, Any]:
    """Templates of a stage whose variants have the models of these logical ids."""
    named = [{"ModelName": {"Fn::GetAtt": [name, "ModelName"]}} for name in variants]
    config = {
        "Type": "AWS::SageMaker::EndpointConfig",
        "Properties": {"ProductionVariants": named},
    }
    return {"berth-dev-serving": {"Resources": {"Config": config}}}


def model(stage: Stage, name: str, content: bytes, *, key: str | None = None) -> Model:
    """A model whose archive, or one file, is in the stage's bucket."""
    key = key or f"{name}.tar.gz"
    stage.client("s3").put_object(Bucket=stage.bucket, Key=key, Body=content)
    data = f"s3://{stage.bucket}/{key if key.endswith('.gz') else key.rpartition('/')[0] + '/'}"
    (plain,) = release().models
    return plain.model_copy(update={"logical_id": name, "data": data, "archive": None})


def kept(
    stage: Stage, *models: Model, first: str | None = None, newest: Release | None = None
) -> bytes | None:
    """What is kept; found again by a release that has its SHA-256."""
    store = ReleaseStore(stage)
    templates = serving(first or models[0].logical_id)
    golden, example = keep(stage, store, models, templates, newest)
    found = release().model_copy(update={"golden": golden, "example": example})
    assert golden is None or example is None
    return store.golden(found) or store.example(found)


def test_the_golden_set_is_taken_out_of_the_archive(dev: Stage) -> None:
    assert kept(dev, model(dev, "M", tarball(a_txt=b"a", golden_jsonl=ONE, z_txt=b"z"))) == ONE


def test_of_a_model_in_files_it_is_the_file(dev: Stage) -> None:
    assert kept(dev, model(dev, "M", ONE, key="files/1/golden.jsonl")) == ONE
    assert kept(dev, model(dev, "M", b"", key="files/2/MLmodel")) is None


def test_a_model_without_one_has_none(dev: Stage) -> None:
    assert kept(dev, model(dev, "M", tarball(MLmodel_txt=b""))) is None


def test_without_one_the_input_example_is_kept(dev: Stage) -> None:
    example = b'{"inputs": ["a"]}'
    both = tarball(serving_input_example_json=example, z_golden_jsonl=b"not it")
    assert kept(dev, model(dev, "M", both)) == example
    key = "files/3/serving_input_example.json"
    assert kept(dev, model(dev, "M", example, key=key)) == example
    assert (
        kept(dev, model(dev, "M", tarball(golden_jsonl=ONE, serving_input_example_json=b""))) == ONE
    )


def test_a_model_without_one_is_held_against_that_of_the_release_before(dev: Stage) -> None:
    sha256 = ReleaseStore(dev).keep_golden(OTHER)
    before = release().model_copy(update={"golden": sha256})
    bare = tarball(MLmodel_txt=b"", serving_input_example_json=b"{}")
    assert kept(dev, model(dev, "M", bare), newest=before) == OTHER


def test_of_several_models_that_of_the_first_variant_counts(dev: Stage) -> None:
    models = [model(dev, "A", tarball(golden_jsonl=ONE)), model(dev, "B", tarball(b_txt=b""))]
    assert kept(dev, *models, first="A") == ONE
    assert kept(dev, *models, first="B") is None


def test_a_model_that_the_release_before_had_is_not_read_again(dev: Stage) -> None:
    same = model(dev, "M", tarball(golden_jsonl=ONE))
    sha256 = ReleaseStore(dev).keep_golden(OTHER)
    before = release().model_copy(update={"models": (same,), "golden": sha256})
    assert kept(dev, same, newest=before) == OTHER
    changed = before.model_copy(update={"models": release().models})
    assert kept(dev, same, newest=changed) == ONE


@pytest.mark.parametrize("content", [b"no archive", tarball(golden_jsonl=ONE * 999)[:-40]])
def test_an_archive_that_cannot_be_read_is_refused_by_its_address(
    dev: Stage, content: bytes
) -> None:
    with pytest.raises(PromotionError, match=r"M\.tar\.gz: cannot be read as a \.tar\.gz: "):
        kept(dev, model(dev, "M", content))


def test_bytes_that_are_not_those_that_were_kept_are_refused(dev: Stage) -> None:
    store = ReleaseStore(dev)
    sha256 = store.keep_golden(ONE)
    key = f"releases/golden/{hashlib.sha256(ONE).hexdigest()}.jsonl"
    dev.client("s3").put_object(Bucket=dev.bucket, Key=key, Body=OTHER)
    with pytest.raises(PromotionError, match=f"{key}: its SHA-256 is .*; restore that version"):
        store.golden(release().model_copy(update={"golden": sha256}))
    store.keep_golden(ONE)
