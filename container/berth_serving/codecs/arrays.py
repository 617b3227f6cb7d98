"""NPY: arrays in numpy's format, without the pickles that it can hold."""

import math
from io import BytesIO
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ..errors import malformed, wrong_schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS = "biufcUSmM"  # the dtypes other than objects, records and raw memory


def read_npy(body: bytes) -> "NDArray[Any]":
    """Read an array, whose header must agree with its data; RequestError if it is wrong."""
    import numpy as np  # noqa: PLC0415 - not every image has it

    stream = BytesIO(body)
    shape, dtype = _header(stream)
    if dtype.kind not in _KINDS or not dtype.itemsize:
        raise wrong_schema(f"an array of dtype {dtype} is not supported; send numbers or strings")
    announced, present = math.prod(shape) * dtype.itemsize, len(body) - stream.tell()
    # An array without elements may have any number of rows: (10**12, 0).
    rows = math.prod(takewhile(bool, shape))
    if announced != present or rows > len(body):
        raise malformed(
            f"the header's shape {shape} and dtype {dtype} are {announced} bytes, "
            f"but {present} follow it"
        )
    if dtype.kind == "U":
        _check_text(np.frombuffer(body, f"{dtype.str[0]}u4", offset=stream.tell()))
    try:
        array: NDArray[Any] = np.load(BytesIO(body), allow_pickle=False)
    except (ValueError, TypeError, OverflowError) as error:
        raise malformed("the body is not NPY: no array can have this header") from error
    return array


def write_npy(value: Any) -> bytes:
    """Write predictions as an array; ValueError if they are not numbers, strings or dates."""
    import numpy as np  # noqa: PLC0415

    array = np.asarray(value)
    if array.dtype.kind not in _KINDS:
        raise ValueError("the predictions are not an array of numbers, strings or dates")
    stream = BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def texts_of_array(array: "NDArray[Any]") -> list[str]:
    """Return the texts of an array with one string in each row; RequestError for another."""
    if array.dtype.kind not in "US" or array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1):
        raise wrong_schema(
            f"must be an array of one string per row; this has dtype {array.dtype} and shape "
            f"{array.shape}"
        )
    found = array.reshape(-1).tolist()
    try:
        return [text.decode() if isinstance(text, bytes) else text for text in found]
    except UnicodeDecodeError as error:
        raise malformed(f"the array's strings are not UTF-8: {error.reason}") from error


def _header(stream: BytesIO) -> tuple[tuple[int, ...], Any]:
    from numpy.lib import format as npy  # noqa: PLC0415

    try:
        version = npy.read_magic(stream)
        # Version 2 allows longer headers, version 3 names of fields.
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream)
    except Exception as error:  # numpy uses Python's tokenizer and parser, which may raise anything
        raise malformed("the body is not NPY: its header cannot be read") from error
    if any(size < 0 for size in shape):
        raise malformed(f"the body is not NPY: its shape is {shape}")
    return shape, dtype


def _check_text(codes: "NDArray[Any]") -> None:
    """Refuse codes beyond Unicode, and halves of surrogate pairs."""
    if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
        raise malformed("the array's strings are not Unicode")
