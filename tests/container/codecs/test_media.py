import pytest

from berth_serving.codecs import media
from berth_serving.errors import RequestError


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (None, media.JSON),
        ("", media.JSON),
        ("application/json", media.JSON),
        ("Application/JSON; Charset=UTF-8", media.JSON),
        ('application/json;charset="utf-8"', media.JSON),
        ("application/json; format=pandas-split", media.JSON),
        ("text/csv; charset=utf-8", media.CSV),
        ("application/jsonlines", media.LINES),
        ("application/x-ndjson", media.LINES),
        ("application/jsonl", media.LINES),
        ("application/x-npy", media.NPY),
        ("application/x-parquet", media.PARQUET),
        ("application/vnd.apache.parquet", media.PARQUET),
    ],
)
def test_a_content_type_is_read_with_its_parameters(header: str | None, kind: str) -> None:
    assert media.body_format(header).kind == kind


def test_csv_says_whether_it_has_a_header() -> None:
    assert media.body_format("text/csv; header=absent").header == "absent"
    assert media.body_format("text/csv").header is None


@pytest.mark.parametrize(
    "header",
    ["application/octet-stream", "text/plain", "json", ";", "application/json; charset=latin1"],
)
def test_any_other_is_415(header: str) -> None:
    with pytest.raises(RequestError) as refusal:
        media.body_format(header)
    assert refusal.value.status == 415


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("text/html, application/*;q=0.1", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("text/csv;q=0.5, */*", "application/json"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/x-npy, */*;q=0.1", "application/x-npy"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("application/json;q=0, */*;q=0.5", "application/jsonlines"),
        ("text/csv;q=2.5, application/json;q=0.1", "application/json"),  # the first is none
        ("text/csv; Q = 0.9 , application/json;q=0.1", "text/csv"),
    ],
)
def test_the_best_of_what_a_client_takes_is_chosen(accept: str | None, name: str) -> None:
    assert media.response_format(accept).name == name


@pytest.mark.parametrize(
    "accept", ["image/png", "application/json;q=0", "*/*; q=0.0, image/png", ",", "json"]
)
def test_a_client_that_takes_nothing_of_it_gets_406(accept: str) -> None:
    with pytest.raises(RequestError) as refusal:
        media.response_format(accept)
    assert (refusal.value.status, refusal.value.code) == (406, "not_acceptable")
    assert "application/json" in refusal.value.message


@pytest.mark.parametrize("accept", [None, "*/*", "application/*;q=0.3"])
def test_what_is_left_open_is_answered_as_the_settings_say(accept: str | None) -> None:
    found = media.response_format(accept, body=media.LINES, default="application/x-npy")
    assert found.kind == media.NPY


def test_the_settings_do_not_outweigh_what_a_client_asks_for() -> None:
    assert media.response_format("application/json", default="text/csv").kind == media.JSON


def test_lines_are_answered_in_lines_where_nothing_else_is_asked() -> None:
    assert media.response_format("*/*", body=media.LINES).kind == media.LINES
    assert media.response_format("application/json", body=media.LINES).kind == media.JSON
    assert media.response_format(None, body=media.CSV).kind == media.JSON


@pytest.fixture
def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> object:
    def nothing_of_it(name: str) -> object:
        return None if name == "pyarrow" else object()

    monkeypatch.setattr(media, "find_spec", nothing_of_it)
    clear_caches()
    yield None
    clear_caches()


def clear_caches() -> None:
    for cached in (media._missing, media.body_format, media.response_format):
        cached.cache_clear()


def test_parquet_is_415_and_406_in_an_image_without_pyarrow(without_pyarrow: None) -> None:
    with pytest.raises(RequestError, match="the image has no pyarrow") as refusal:
        media.body_format("application/x-parquet")
    assert refusal.value.status == 415
    with pytest.raises(RequestError) as refusal:
        media.response_format("application/x-parquet")
    assert refusal.value.status == 406
    assert not media.known("application/x-parquet")
