"""What comes in and goes out, by media type, and the body itself within its limit."""

from collections.abc import AsyncIterator

from .errors import RequestError

JSON = "application/json"
CSV = "text/csv"
ACCEPTED = (JSON, CSV)


def request_type(content_type: str | None) -> str:
    """Return the media type of a body, JSON when the header is missing or empty.

    Raises:
        RequestError: 415 for a type or charset that is not served.
    """
    media_type, *parameters = [part.strip() for part in (content_type or JSON).lower().split(";")]
    if media_type not in ACCEPTED:
        raise RequestError(
            415,
            "unsupported_media_type",
            f"Content-Type {content_type!r} is not served; send {' or '.join(ACCEPTED)}",
        )
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(' "') not in {"utf-8", "utf8", "us-ascii"}:
            raise RequestError(
                415, "unsupported_media_type", f"charset {value} is not served; send UTF-8"
            )
    return media_type


def check_accept(accept: str | None) -> None:
    """Check that the client takes JSON, the one type of answer.

    Raises:
        RequestError: 406 when it does not.
    """
    for choice in (accept or "*/*").lower().split(","):
        media_type, *parameters = [part.strip() for part in choice.split(";")]
        refused = any(p.replace(" ", "").rstrip("0") in {"q=", "q=0."} for p in parameters)
        if media_type in {JSON, "application/*", "*/*"} and not refused:
            return
    raise RequestError(406, "not_acceptable", f"Accept {accept!r} excludes {JSON}, the one answer")


async def read_body(
    stream: AsyncIterator[bytes], *, limit: int, declared: str | None = None
) -> bytes:
    """Read a body of at most `limit` bytes; `declared` is its Content-Length, if given.

    Raises:
        RequestError: 413 as soon as it is known to be longer, without keeping what is too much.
    """
    too_large = RequestError(413, "too_large", f"the body is longer than {limit} bytes")
    if declared is not None and int(declared) > limit:
        raise too_large
    body = bytearray()
    async for chunk in stream:
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)
