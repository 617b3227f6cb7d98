"""The server's own responses, in JSON."""

from ..codecs.plain import dumps
from ..errors import RequestError
from ..http.messages import Response
from ..logs import request_fields

JSON = "application/json"


def json(document: object) -> Response:
    """Make a response with status 200 from a document."""
    return Response(200, dumps(document), JSON)


def error_document(error: RequestError) -> dict[str, object]:
    """Return `{"error": {"code", "message", "where"?, "request_id"?}}`."""
    content = {"code": error.code, "message": error.message}
    if error.where is not None:
        content["where"] = error.where
    if (request_id := request_fields.get({}).get("request_id")) is not None:
        content["request_id"] = request_id
    return {"error": content}


def of_error(error: RequestError) -> Response:
    """Make the response that tells the client about an error."""
    return Response(error.status, dumps(error_document(error)), JSON, dict(error.headers))
