"""A release's document and its schema."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from promotion.release import Release, canonical_sha256, schema
from tests.promotion.releases import release, releases, untimed


@given(releases)
@untimed
def test_a_release_survives_writing_and_reading(written: Release) -> None:
    document = written.model_dump_json()
    read = Release.model_validate_json(document)
    assert read == written
    assert read.model_dump_json() == document


def test_the_published_schema_is_that_of_the_models(root: Path) -> None:
    published = (root / "promotion" / "release.schema.json").read_text()
    assert published == schema(), "run: make docs"


@given(releases)
@untimed
def test_every_key_of_a_document_is_in_the_schema_and_the_other_way_round(
    written: Release,
) -> None:
    document, published = json.loads(written.model_dump_json()), json.loads(schema())
    assert set(document) == set(published["properties"]) == set(published["required"])


def test_what_a_later_version_wrote_is_kept_and_written_back() -> None:
    document = json.loads(release().model_dump_json())
    document["source"]["signed"] = True
    document["approved"] = {"by": "somebody"}
    assert json.loads(Release.model_validate(document).model_dump_json()) == document


def test_a_release_of_before_0_2_says_no_version_of_berth() -> None:
    document = json.loads(release().model_dump_json())
    del document["berth_version"]
    assert Release.model_validate(document).berth_version is None


def test_another_schema_version_is_refused() -> None:
    document = json.loads(release().model_dump_json()) | {"schema_version": 2}
    with pytest.raises(ValidationError, match="schema_version"):
        Release.model_validate(document)


def test_times_are_in_utc() -> None:
    local = datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    document = release().model_dump() | {"recorded": local}
    assert "2026-03-01T10:30:00Z" in Release.model_validate(document).model_dump_json()


def test_when_it_was_recorded_and_what_came_later_is_no_part_of_what_runs() -> None:
    one, other = release("dev-000001"), release("dev-000002")
    assert one.runs_the_same_as(other)
    assert not one.runs_the_same_as(other.model_copy(update={"endpoint_config": "config-2"}))


@given(st.dictionaries(st.text(), st.integers()))
@untimed
def test_the_hash_of_a_template_does_not_depend_on_the_order_of_its_keys(
    template: dict[str, int],
) -> None:
    backwards = dict(reversed(template.items()))
    assert canonical_sha256(backwards) == canonical_sha256(template)
    assert canonical_sha256({**template, "one more": 1.5}) != canonical_sha256(template)
