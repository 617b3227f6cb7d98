"""A missing object is a 404 only to those who may list the bucket.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions"
"""

from localaws.json_api import Response
from localaws.ministack.permissions import s3_refusal
from localaws.ministack.services import Handler, intercept
from localaws.scope import Document


def install() -> None:
    """Respond with 403 in place of 404 to whoever may not list the bucket."""
    intercept("s3", _judging)


def _judging(known: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Document
    ) -> Response:
        response = await known(method, path, headers, body, query)
        bucket, _, name = path.lstrip("/").partition("/")
        if response[0] != 404 or method not in ("GET", "HEAD") or not name:
            return response
        resource = f"arn:aws:s3:::{bucket}"
        return s3_refusal(headers, query, "s3:ListBucket", resource) or response

    return handle
