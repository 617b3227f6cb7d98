"""Parquet, by pyarrow, which some models' requirements bring into the image."""

from io import BytesIO
from typing import Any

from ..errors import RequestError, malformed, one_line, wrong_schema

# A value that is repeated a million times takes a few bytes of parquet. So sizes are checked before
# and after reading, and those of texts before their dictionaries are expanded.
MOST_VALUES = 10_000_000
MOST_BYTES = 512 * 1024 * 1024


def read_parquet(body: bytes) -> Any:
    """Read a body as a pyarrow Table; 400 if it is malformed, 413 if it expands too much."""
    import pyarrow as pa  # noqa: PLC0415 - it takes seconds, and not every image has it
    from pyarrow import parquet  # noqa: PLC0415

    try:
        metadata = parquet.read_metadata(pa.BufferReader(body))
        # The metadata of row groups and columns is not used, as for a damaged file pyarrow's
        # accessors raise in C++, which ends the process.
        if (values := metadata.num_rows * metadata.num_columns) > MOST_VALUES:
            raise _too_large(f"{values} values")
        _check_flat(metadata.schema.to_arrow_schema())
        columns = [metadata.schema.column(n).path for n in range(metadata.num_columns)]
        table = parquet.read_table(
            pa.BufferReader(body), read_dictionary=columns, use_threads=False
        )
        for name in table.column_names:
            _check_bytes(name, table.column(name))
        table = table.cast(_without_dictionaries(table.schema))
        table.validate(full=True)  # reading does not check, for example, that texts are UTF-8
    except (pa.ArrowException, OSError, ValueError) as error:
        raise malformed(f"the body is not parquet: {one_line(error, 200)}") from error
    return table


def write_parquet(rows: list[Any]) -> bytes:
    """Write records, or other values as a column `predictions`; ValueError if it fails."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    if not rows or not all(isinstance(row, dict) for row in rows):
        rows = [{"predictions": row} for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["predictions"]
    stream = BytesIO()
    try:
        table = pa.table({name: [row.get(name) for row in rows] for name in names})
        parquet.write_table(table, stream)
    except (pa.ArrowException, OverflowError, TypeError) as error:
        raise ValueError(one_line(error, 200)) from error
    return stream.getvalue()


def texts_of_table(table: Any, column: str) -> list[str]:
    """Return the texts of the column of this name, or of the only column; 400 if it has none."""
    if column not in table.column_names and table.num_columns != 1:
        raise wrong_schema(f"the table must have a column {column!r}, or a single one")
    name = column if column in table.column_names else table.column_names[0]
    texts: list[str] = []
    for text in table.column(name).to_pylist():
        if not isinstance(text, str):
            raise wrong_schema("must be a string", where=f"{name}[{len(texts)}]")
        texts.append(text)
    return texts


def _check_flat(schema: Any) -> None:
    import pyarrow as pa  # noqa: PLC0415

    for field in schema:
        if pa.types.is_nested(field.type):
            raise wrong_schema(f"is of type {field.type}; columns must be flat", where=field.name)


def _check_bytes(name: str, column: Any) -> None:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    if not pa.types.is_dictionary(column.type):
        return
    total = 0
    for chunk in column.chunks:
        lengths = compute.binary_length(chunk.dictionary)
        total += compute.sum(lengths.take(chunk.indices)).as_py() or 0
    if total > MOST_BYTES:
        raise _too_large(f"column {name!r} of {total} bytes")


def _without_dictionaries(schema: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in schema
    ]
    return pa.schema(fields, metadata=schema.metadata)


def _too_large(found: str) -> RequestError:
    return RequestError(
        413,
        "too_large",
        f"the table expands to {found}; at most {MOST_VALUES} values and {MOST_BYTES} bytes are "
        "read",
    )
