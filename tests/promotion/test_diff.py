"""What `diff` says of two releases."""

from typing import Any

from hypothesis import given

from promotion import tables
from promotion.diff import differences
from promotion.release import Release
from tests.promotion.releases import release, releases, untimed, verification


@given(releases)
@untimed
def test_a_release_does_not_differ_from_itself(one: Release) -> None:
    assert differences(one, one) == []


@given(releases, releases)
@untimed
def test_both_ways_say_the_same(one: Release, other: Release) -> None:
    there = {(each.area, each.key, each.before, each.after) for each in differences(one, other)}
    back = {(each.area, each.key, each.after, each.before) for each in differences(other, one)}
    assert there == back


@given(releases, releases)
@untimed
def test_any_two_releases_can_be_shown_side_by_side(one: Release, other: Release) -> None:
    headings, rows = tables.diff(one, other, differences(one, other))
    assert {len(row) for row in rows} <= {len(headings)}


def changed(**update: Any) -> list[tuple[str, str, str | None, str | None]]:
    found = differences(release(), release().model_copy(update=update))
    return [(each.area, each.key, each.before, each.after) for each in found]


def test_a_setting_is_named_by_its_path_in_the_file() -> None:
    settings = {"alarms": {"model_latency_p99_ms": 400.0}, "production": False}
    assert changed(settings=settings) == [
        ("settings", "alarms.model_latency_p99_ms", "500.0", "400.0")
    ]


def test_a_setting_that_one_release_does_not_have_is_none_there() -> None:
    settings = {**release().settings, "new": ["a"]}
    assert changed(settings=settings) == [("settings", "new", None, '["a"]')]


def test_another_model_shows_in_its_manifest_its_bytes_and_their_number() -> None:
    (model,) = release().models
    assert model.archive
    archive = model.archive.model_copy(update={"sha256": "0" * 64, "size": 2_000_000})
    other = model.model_copy(update={"manifest_sha256": "1" * 64, "archive": archive})
    assert changed(models=(other,)) == [
        ("model", "TheModel manifest", "a" * 64, "1" * 64),
        ("model", "TheModel archive", "b" * 64, "0" * 64),
        ("model", "TheModel bytes", "1,000,000", "2,000,000"),
    ]


def test_the_same_bytes_in_another_account_are_no_difference() -> None:
    (model,) = release().models
    elsewhere = model.model_copy(update={"data": "s3://another-bucket/key.gz"})
    assert changed(models=(elsewhere,), account="2" * 12) == []


def test_another_template_of_another_stage_is_named_by_its_stack() -> None:
    other = release().model_copy(
        update={"stage": "qa", "templates": {"berth-qa-serving": "8" * 64}}
    )
    (found,) = differences(release(), other)
    assert (found.area, found.key) == ("template", "serving")


def test_of_several_verifications_the_latest_one_counts() -> None:
    evidence = (verification(passed=False), verification())
    assert changed(evidence=evidence) == [
        ("evidence", "result", None, "passed"),
        ("evidence", "entity F1", None, "0.950"),
    ]


def test_the_served_release_is_the_newest_that_has_its_config() -> None:
    newest_first = [release(f"dev-00000{number}") for number in (3, 2, 1)]
    newest_first[0] = newest_first[0].model_copy(update={"endpoint_config": "not yet"})
    _, rows = tables.history(newest_first, "config-1")
    assert [row[:2] for row in rows] == [
        ["dev-000003", ""],
        ["dev-000002", "yes"],
        ["dev-000001", ""],
    ]
