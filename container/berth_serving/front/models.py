"""The multi-model API: models are loaded, listed and unloaded (AWS: mms-container-apis)."""

import json
from typing import Any
from urllib.parse import parse_qs

from ..errors import malformed, wrong_schema
from ..http.messages import Request, Response
from . import responses
from .host import Host

_PAGE = 100
_MOST_BYTES = 65_536


class Models:
    """The handlers of `/models`."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def load(self, request: Request) -> Response:
        """`POST /models {"model_name", "url"}`."""
        document = _document(await request.body(limit=_MOST_BYTES, seconds=10))
        name, url = _text(document, "model_name"), _text(document, "url")
        await self._host.load(name, url)
        return responses.json({"modelName": name, "modelUrl": url})

    async def list(self, request: Request) -> Response:
        """`GET /models`, a hundred or `limit` at a time, continued with `next_page_token`."""
        query = parse_qs(request.query)
        (after,) = query.get("next_page_token", [""])[:1]
        (limit,) = query.get("limit", [""])[:1]
        most = max(1, min(_PAGE, int(limit))) if limit.isdecimal() else _PAGE
        names = [name for name in self._host.names if name > after]
        urls = self._host.names
        page = [{"modelName": name, "modelUrl": urls[name]} for name in names[:most]]
        more = {"nextPageToken": names[most - 1]} if len(names) > most else {}
        return responses.json({"models": page, **more})

    async def describe(self, name: str) -> Response:
        """`GET /models/NAME`."""
        url, _ = self._host.named(name)
        return responses.json({"modelName": name, "modelUrl": url})

    async def unload(self, name: str) -> Response:
        """`DELETE /models/NAME`: responds when the memory is free."""
        await self._host.unload(name)
        return responses.json({"modelName": name})


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise malformed("the body is not JSON") from error
    if not isinstance(document, dict):
        raise wrong_schema('must be {"model_name": …, "url": …}')
    return document


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise wrong_schema("must be a string", where=key)
    return value
