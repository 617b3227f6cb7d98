"""The errors of the server as JSON."""

from starlette.responses import JSONResponse

from ..errors import RequestError
from ..logs import request_fields


def document(error: RequestError) -> dict[str, object]:
    """`{"error": {"code", "message", "where"?, "request_id"?}}`."""
    content = {"code": error.code, "message": error.message}
    if error.where is not None:
        content["where"] = error.where
    if (request_id := request_fields.get({}).get("request_id")) is not None:
        content["request_id"] = request_id
    return {"error": content}


def refusal(error: RequestError) -> JSONResponse:
    """Make the answer of an error."""
    return JSONResponse(document(error), error.status, error.headers)
