"""Readers of JSON, JSON lines and CSV, in UTF-8 with or without a BOM."""

import csv
import json
import sys
from io import StringIO
from typing import Any

from ..errors import malformed

# A cell may be as long as the body, whose length is limited already.
csv.field_size_limit(sys.maxsize)


def read_json(body: bytes) -> Any:
    """Read a body as one JSON document; a fault is 400 `malformed`, with line and column."""
    return _parse(text_of(body), first_line=1)


def read_lines(body: bytes) -> list[tuple[int, Any]]:
    """Read each line as a JSON document, with its number; a fault is 400 `malformed`.

    Blank lines are left out; the first line is number 1.
    """
    lines = text_of(body).split("\n")
    return [
        (number, _parse(line, first_line=number))
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def read_csv(body: bytes) -> list[tuple[int, list[str]]]:
    """Read the rows, each with the number of its last line; a fault is 400 `malformed`.

    Blank rows are left out; the first line is number 1.
    """
    reader = csv.reader(StringIO(text_of(body), newline=""), strict=True)
    rows = []
    try:
        for row in reader:
            if row:
                rows.append((reader.line_num, row))
    except csv.Error as error:
        raise malformed(f"the body is not CSV: {error}", where=f"line {reader.line_num}") from error
    return rows


def text_of(body: bytes) -> str:
    """Decode a body; if it is not UTF-8, it is 400 `malformed`."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise malformed(f"the body is not UTF-8: {error.reason}") from error


def _parse(text: str, first_line: int) -> Any:
    try:
        document = json.loads(text)
        if "\\u" in text:  # it may be half of a surrogate pair, which is not text
            json.dumps(document, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {first_line + error.lineno - 1}, column {error.colno}"
        raise malformed(f"the body is not JSON: {error.msg}", where=where) from error
    except UnicodeEncodeError as error:
        raise malformed("the body is not UTF-8: it has half of a surrogate pair") from error
    except (ValueError, RecursionError) as error:
        raise malformed(f"the body cannot be read: {error}") from error
    return document
