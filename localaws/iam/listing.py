"""What is not in a bucket: told to those alone who may list it.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions"
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions, router

from localaws.iam.judge import refusal


def install() -> None:
    """Answer 403 in place of 404 to whoever may not list the bucket."""
    app.SERVICE_HANDLERS["s3"] = _judging(app.SERVICE_HANDLERS["s3"])


def _judging(known: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        answer = await known(method, path, headers, body, query)
        bucket, _, name = path.lstrip("/").partition("/")
        if answer[0] != 404 or method not in ("GET", "HEAD") or not name:
            return answer
        key = router.extract_access_key_id(headers, query)
        if said := refusal(key, "s3:ListBucket", f"arn:aws:s3:::{bucket}"):
            return iam_actions.access_denied_response(
                "s3", "s3:ListBucket", "", str(uuid.uuid4()), message=said, headers=headers
            )
        return answer

    return handle
