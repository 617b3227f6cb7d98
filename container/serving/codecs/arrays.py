"""NPY: arrays of numpy's own format, without the pickles that it can hold."""

import math
from io import BytesIO
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ..errors import malformed, wrong_schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS = "biufcUSmM"  # of dtypes that are no objects, records or raw memory


def read_npy(body: bytes) -> "NDArray[Any]":
    """Read an array; what its header announces has to be what is there.

    Raises:
        RequestError: 400 `malformed`, or `wrong_schema` for a dtype that is not taken.
    """
    import numpy as np  # noqa: PLC0415 - not every image has it, nor every request need of it

    stream = BytesIO(body)
    shape, dtype = _header(stream)
    if dtype.kind not in _KINDS or not dtype.itemsize:
        raise wrong_schema(f"an array of dtype {dtype} is not taken; send numbers or strings")
    announced, present = math.prod(shape) * dtype.itemsize, len(body) - stream.tell()
    # An array without elements may have any number of rows: (10**12, 0).
    rows = math.prod(takewhile(bool, shape))
    if announced != present or rows > len(body):
        raise malformed(
            f"the header's shape {shape} and dtype {dtype} are {announced} bytes, "
            f"{present} follow it"
        )
    if dtype.kind == "U":
        _check_text(np.frombuffer(body, f"{dtype.str[0]}u4", offset=stream.tell()))
    try:
        array: NDArray[Any] = np.load(BytesIO(body), allow_pickle=False)
    except (ValueError, TypeError, OverflowError) as error:
        raise malformed("the body is not NPY: no array has this header") from error
    return array


def write_npy(value: Any) -> bytes:
    """Write predictions as an array.

    Raises:
        ValueError: when they make none of numbers, strings or dates.
    """
    import numpy as np  # noqa: PLC0415

    array = np.asarray(value)
    if array.dtype.kind not in _KINDS:
        raise ValueError("the predictions make no array of numbers, strings or dates")
    stream = BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def texts_of_array(array: "NDArray[Any]") -> list[str]:
    """Take the texts of an array that holds one in each row.

    Raises:
        RequestError: 400 when it holds something else.
    """
    if array.dtype.kind not in "US" or array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1):
        raise wrong_schema(
            f"must be an array of strings, one a row; this is of {array.dtype} and shape "
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
        # The second version only has room for longer headers, the third for names of fields.
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream)
    except Exception as error:  # numpy has Python's own tokenizer and parser read it
        raise malformed("the body is not NPY: its header cannot be read") from error
    if any(size < 0 for size in shape):
        raise malformed(f"the body is not NPY: a shape of {shape}")
    return shape, dtype


def _check_text(codes: "NDArray[Any]") -> None:
    """Refuse what no Python string can hold, and halves of surrogate pairs."""
    if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
        raise malformed("the array's strings are no Unicode")
