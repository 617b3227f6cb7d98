"""Objects cut into payloads, and answers put together again (TransformInput, TransformOutput)."""

import io
from collections.abc import Iterable, Iterator

from localaws.sagemaker.transform.job import ObjectFailedError


def payloads(content: bytes, *, by_line: bool, single: bool, limit: int) -> Iterator[bytes]:
    """The bodies of the requests for one object, each of at most `limit` bytes.

    `by_line` splits at newlines, which stay with their records, as in SageMaker's own local mode;
    `single` sends records one by one, else as many as fit. Raises
    ObjectFailedError where a record is over the limit.
    """
    held = b""
    for record in io.BytesIO(content) if by_line else [content]:
        if len(record) > limit:
            raise ObjectFailedError(
                "ClientError",
                f"A record of {len(record)} bytes is over MaxPayloadInMB ({limit} bytes).",
            )
        if held and (single or len(held) + len(record) > limit):
            yield held
            held = b""
        held += record
    if held:
        yield held


def assembled(answers: Iterable[bytes], *, by_line: bool) -> bytes:
    """The answers as one object; `by_line` ends each with a newline, where it has none."""
    if not by_line:
        return b"".join(answers)
    return b"".join(one if one.endswith(b"\n") else one + b"\n" for one in answers)
