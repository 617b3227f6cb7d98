import asyncio
from collections.abc import AsyncIterator

import pytest

from serving import media
from serving.errors import RequestError


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        (None, media.JSON),
        ("", media.JSON),
        ("application/json", media.JSON),
        ("Application/JSON; Charset=UTF-8", media.JSON),
        ('application/json;charset="utf-8"', media.JSON),
        ("application/json; format=pandas-split", media.JSON),
        ("text/csv; charset=utf-8", media.CSV),
    ],
)
def test_a_content_type_is_read_with_its_parameters(header: str | None, media_type: str) -> None:
    assert media.request_type(header) == media_type


@pytest.mark.parametrize(
    "header", ["application/octet-stream", "text/plain", "json", "application/json; charset=latin1"]
)
def test_any_other_is_415(header: str) -> None:
    with pytest.raises(RequestError) as refusal:
        media.request_type(header)
    assert refusal.value.status == 415


@pytest.mark.parametrize(
    "header",
    [None, "", "*/*", "application/json", "text/html, application/*;q=0.1", "APPLICATION/JSON"],
)
def test_clients_that_take_json_are_served(header: str | None) -> None:
    media.check_accept(header)


@pytest.mark.parametrize("header", ["text/csv", "application/json;q=0", "*/*; q=0.0, image/png"])
def test_clients_that_do_not_get_406(header: str) -> None:
    with pytest.raises(RequestError) as refusal:
        media.check_accept(header)
    assert refusal.value.status == 406


def read(chunks: list[bytes], limit: int, declared: str | None = None) -> tuple[bytes | int, int]:
    """Return the body, or the status of the refusal, and how many chunks were taken."""
    taken = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal taken
        for chunk in chunks:
            taken += 1
            yield chunk

    async def run() -> bytes:
        return await media.read_body(stream(), limit=limit, declared=declared)

    try:
        return asyncio.run(run()), taken
    except RequestError as error:
        return error.status, taken


def test_a_body_up_to_the_limit_is_read_whole() -> None:
    assert read([b"ab", b"cd", b""], limit=4, declared="4") == (b"abcd", 3)


def test_a_longer_one_is_read_no_further_than_the_limit() -> None:
    assert read([b"ab", b"cd", b"e", b"f"], limit=4) == (413, 3)


def test_one_that_is_declared_longer_is_not_read_at_all() -> None:
    assert read([b"ab"], limit=4, declared="5") == (413, 0)
