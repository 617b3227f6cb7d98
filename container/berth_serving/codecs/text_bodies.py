"""Reads the texts of a body of any type, without a table in between."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from ..errors import wrong_schema
from .arrays import read_npy, texts_of_array
from .documents import read_csv, read_json, read_lines
from .media import CSV, JSON, LINES, NPY, Format
from .parquet import read_parquet, texts_of_table

SHAPES = ("dataframe_split", "dataframe_records", "instances", "inputs")
TAKEN = f"an object with exactly one of text, {', '.join(SHAPES)}, and perhaps params"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a request, and the parameters beside them."""

    texts: list[str]
    params: dict[str, Any] | None = None


def read_texts(body: bytes, given: Format, column: str = "text") -> Texts:
    """Read a body of texts; RequestError with the place of a fault.

    Args:
        body: JSON of `text` or one of MLflow's shapes; JSON lines of strings or records; CSV with
            a header or of a single column; an array of strings; a table.
        given: the type of the body.
        column: the name of the texts in records and tables.
    """
    if given.kind == JSON:
        texts = _fast(body)
        return Texts(texts) if texts is not None else _of_document(read_json(body), column)
    if given.kind == LINES:
        lines = read_lines(body)
        return Texts([_of_record(value, column, f"line {number}") for number, value in lines])
    if given.kind == CSV:
        return Texts(_of_rows(read_csv(body), column, given.header))
    if given.kind == NPY:
        return Texts(texts_of_array(read_npy(body)))
    return Texts(texts_of_table(read_parquet(body), column))


def check_document(document: Any) -> tuple[str, dict[str, Any] | None]:
    """Return the name of a document's shape, and its params; 400 for an unknown shape.

    Any other key has no meaning, as in MLflow's server (`_split_data_and_params`).
    """
    if not isinstance(document, dict):
        raise wrong_schema(f"the body must be {TAKEN}")
    params = document.get("params")
    if params is not None and not isinstance(params, dict):
        raise wrong_schema("must be an object", where="params")
    shapes = [name for name in ("text", *SHAPES) if name in document]
    if len(shapes) != 1:
        names = ", ".join(repr(name) for name in document if name != "params") or "none"
        raise wrong_schema(f"the body must be {TAKEN}; these were given: {names[:200]}")
    return shapes[0], params


def strings(value: Any, where: str) -> list[str]:
    """Return a list of strings, or the one string in a list; 400 for another value."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise wrong_schema("must be a string or a list of strings", where=where)
    for index, text in enumerate(value):
        if not isinstance(text, str):
            raise wrong_schema("must be a string", where=f"{where}[{index}]")
    return value


def _fast(body: bytes) -> list[str] | None:
    """Read `{"text": …}` alone, in which orjson and Python's json agree."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict) or document.keys() != {"text"}:
        return None
    return strings(document["text"], "text")


def _of_document(document: Any, column: str) -> Texts:
    shape, params = check_document(document)
    value = document[shape]
    match shape:
        case "text":
            return Texts(strings(value, shape), params)
        case "dataframe_split":
            return Texts(_of_split(value, column), params)
        case "dataframe_records":
            return Texts(_of_records(_list(value, shape), column, shape), params)
        case "instances":
            return Texts(_of_instances(_list(value, shape), column), params)
    if isinstance(value, dict):
        return Texts(strings(_cell(value, column, shape), f"{shape}.{column}"), params)
    return Texts(strings(value, shape), params)


def _of_instances(rows: list[Any], column: str) -> list[str]:
    if rows and isinstance(rows[0], dict):
        return _of_records(rows, column, "instances")
    return strings(rows, "instances")


def _of_split(value: Any, column: str) -> list[str]:
    where = "dataframe_split"
    if not isinstance(value, dict) or not value.keys() <= {"columns", "data", "index"}:
        raise wrong_schema("must be an object of columns and data", where=where)
    columns = _list(value.get("columns"), f"{where}.columns")
    if columns.count(column) != 1:
        raise wrong_schema(f"must name {column!r} once", where=f"{where}.columns")
    place, texts = columns.index(column), []
    for number, row in enumerate(_list(value.get("data"), f"{where}.data")):
        if not isinstance(row, list) or len(row) != len(columns):
            raise wrong_schema(
                f"must be a list of {len(columns)} values", where=f"{where}.data[{number}]"
            )
        texts.append(_string(row[place], f"{where}.data[{number}][{place}]"))
    return texts


def _of_records(rows: list[Any], column: str, where: str) -> list[str]:
    return [
        _string(_cell(row, column, f"{where}[{number}]"), f"{where}[{number}].{column}")
        for number, row in enumerate(rows)
    ]


def _of_record(value: Any, column: str, where: str) -> str:
    """Return the text of a line: a string, or a record with it in the column or its only one."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        (column,) = value
    return _string(_cell(value, column, where), f"{where}, {column}")


def _of_rows(rows: Iterable[tuple[int, list[str]]], column: str, header: str | None) -> list[str]:
    place, width, texts = 0, 1, list[str]()
    for index, (line, row) in enumerate(rows):
        if index == 0 and header != "absent" and (column in row or header == "present"):
            place, width = row.index(column) if column in row else 0, len(row)
            if column in row or width == 1:
                continue
            raise wrong_schema(f"the header must name {column!r}", where=f"line {line}")
        if len(row) != width:
            raise wrong_schema(
                f"has {len(row)} columns, not {width}: a text with a comma goes in quotes, and "
                f"one column of several needs a header that names {column!r}",
                where=f"line {line}",
            )
        texts.append(row[place])
    return texts


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise wrong_schema("must be a list", where=where)
    return value


def _cell(record: Any, column: str, where: str) -> Any:
    if not isinstance(record, dict) or column not in record:
        raise wrong_schema(f"must be an object with {column!r}", where=where)
    return record[column]


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise wrong_schema("must be a string", where=where)
    return value
