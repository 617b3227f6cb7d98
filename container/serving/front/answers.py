"""The server's own answers, in JSON."""

from ..codecs.plain import dumps
from ..errors import RequestError
from ..http.messages import Response
from ..logs import request_fields

JSON = "application/json"


def json(document: object) -> Response:
    """Answer with a document."""
    return Response(200, dumps(document), JSON)


def document(error: RequestError) -> dict[str, object]:
    """`{"error": {"code", "message", "where"?, "request_id"?}}`."""
    content = {"code": error.code, "message": error.message}
    if error.where is not None:
        content["where"] = error.where
    if (request_id := request_fields.get({}).get("request_id")) is not None:
        content["request_id"] = request_id
    return {"error": content}


def refusal(error: RequestError) -> Response:
    """Make the answer of an error."""
    return Response(error.status, dumps(document(error)), JSON, dict(error.headers))
