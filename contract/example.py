"""A request that gets status 200, and the requests that are derived from it."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract import canary
from contract.client import Headers, request_bytes

_JSON = "application/json"
_CSV = "text/csv"
_LINES = "application/jsonlines"


@dataclass(frozen=True, slots=True)
class Example:
    """A body and its media type."""

    body: bytes
    content_type: str

    @property
    def is_json(self) -> bool:
        """Whether the body is one JSON document."""
        return self.content_type.split(";")[0].strip().lower() == _JSON

    def request(self, path: str = "/invocations", headers: Headers | None = None) -> bytes:
        """The bytes of a POST request with this body."""
        fields = {"Content-Type": self.content_type, **(headers or {})}
        return request_bytes("POST", path, self.body, fields)

    def variants(self, count: int) -> "list[Example]":
        """Up to `count` requests whose responses should differ from each other."""
        if not self.is_json:
            return []
        document = json.loads(self.body)
        if _rows(document):
            return [self._repeated(document, times) for times in range(1, count + 1)]
        return [self._dumped(changed) for changed in _renumbered(document, count)]

    def larger(self, times: int) -> "Example | None":
        """The same rows, repeated; None where the body has no list of rows."""
        document = json.loads(self.body) if self.is_json else None
        return self._repeated(document, times) if _rows(document) else None

    def marked(self) -> "Example":
        """The same with the canary before each text of its rows; unchanged where there is none."""
        if self.content_type.split(";")[0].strip().lower() == "text/plain":
            return Example(f"{canary.WORD} ".encode() + self.body, self.content_type)
        if not self.is_json:
            return self
        document = json.loads(self.body)
        if rows := _rows(document):
            rows[:] = [_marked(row) for row in rows]
        elif isinstance(document, dict):
            document = {
                key: _marked(value) if isinstance(value, str) else value
                for key, value in document.items()
            }
        marked = self._dumped(document)
        return marked if canary.words(marked.body) else self

    def poisoned(self) -> "Example":
        """A well-formed document with a row that no model takes."""
        changed = json.loads(self.body)
        rows = _rows(changed)
        if not rows:
            return self._dumped({"no": ["such", "key", canary.POISON]})
        rows[0] = {"no": ["such", "row", canary.POISON]}
        return self._dumped(changed)

    def padded(self, size: int) -> "Example":
        """The same request as a body of `size` bytes: JSON takes white space before it."""
        filling = b" " if self.is_json else b"\n"
        return Example(filling * (size - len(self.body)) + self.body, self.content_type)

    def records(self, media_type: str) -> Iterator[list[bytes]]:
        """Forms that three records of one line each may have here, the likeliest first."""
        document = json.loads(self.body) if self.is_json else None
        rows, names = _rows(document), _columns(document)
        for write in _WRITERS[media_type]:
            lines = [write(row, names) for row in (rows * 3)[:3]]
            if lines and None not in lines:
                yield [line for line in lines if line is not None]

    def _repeated(self, document: Any, times: int) -> "Example":
        changed = copy.deepcopy(document)
        rows = _rows(changed)
        rows[:] = rows * times
        return self._dumped(changed)

    def _dumped(self, document: Any) -> "Example":
        return Example(json.dumps(document).encode(), self.content_type)


def of_model(folder: Path) -> Example | None:
    """The example that MLflow stored with the model."""
    stored = folder / "serving_input_example.json"
    return Example(stored.read_bytes(), _JSON) if stored.is_file() else None


def _marked(value: Any) -> Any:
    match value:
        case str():
            return f"{canary.WORD} {value}"
        case list():
            return [_marked(each) for each in value]
        case dict():
            return {key: _marked(each) for key, each in value.items()}
    return value


def _rows(document: Any) -> list[Any]:
    """The list of rows in the document itself, so that it can be changed in place."""
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        if isinstance(split := document.get("dataframe_split"), dict):
            return _list_or_empty(split.get("data"))
        return next((value for value in document.values() if isinstance(value, list)), [])
    return []


def _list_or_empty(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _columns(document: Any) -> list[str]:
    split = document.get("dataframe_split") if isinstance(document, dict) else None
    return _list_or_empty(split.get("columns")) if isinstance(split, dict) else []


def _renumbered(document: Any, count: int) -> Iterator[Any]:
    """The document with its first number changed."""
    if not isinstance(document, dict):
        return
    key = next((key for key, value in document.items() if type(value) in (int, float)), None)
    for added in range(count if key is not None else 0):
        yield {**document, key: document[key] + added}


def _as_object(row: Any, names: list[str]) -> bytes | None:
    if isinstance(row, list) and len(row) == len(names):
        return json.dumps(dict(zip(names, row, strict=True))).encode()
    return json.dumps(row).encode() if isinstance(row, dict) else None


def _as_text(row: Any, _: list[str]) -> bytes | None:
    text = row[0] if isinstance(row, list) and len(row) == 1 else row
    return json.dumps({"text": text}).encode() if isinstance(text, str) else None


def _as_csv(row: Any, _: list[str]) -> bytes:
    values = row.values() if isinstance(row, dict) else row if isinstance(row, list) else [row]
    return ",".join(_csv_value(value) for value in values).encode()


def _csv_value(value: Any) -> str:
    return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else json.dumps(value)


_WRITERS: dict[str, list[Callable[[Any, list[str]], bytes | None]]] = {
    _CSV: [_as_csv],
    _LINES: [
        _as_object,
        _as_text,
        lambda row, _: json.dumps(row).encode(),
        lambda row, _: json.dumps({"instances": [row]}).encode(),
    ],
}
