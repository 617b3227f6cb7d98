"""The arithmetic of parts."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from promotion.moving.parts import MOST_PARTS, PART_SIZE, Digests, combined, parts_of


@settings(deadline=None)
@given(size=st.integers(0, 20_000), part_size=st.integers(2, 3_000))
def test_parts_cover_every_byte_once_and_in_order(size: int, part_size: int) -> None:
    parts = parts_of(size, part_size)
    covered = [byte for part in parts for byte in range(part.first, part.last + 1)]
    assert covered == list(range(size))
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert sum(part.size for part in parts) == size


@given(size=st.integers(1, 50 * 2**40))
def test_s3_takes_as_many_parts_and_all_but_the_last_are_of_one_size(size: int) -> None:
    parts = parts_of(size, PART_SIZE)
    assert len(parts) <= MOST_PARTS
    assert len({part.size for part in parts[:-1]}) <= 1
    assert all(part.size >= PART_SIZE for part in parts[:-1])
    assert parts[-1].last == size - 1


@given(st.binary(max_size=400), st.integers(1, 60), st.lists(st.integers(0, 50), max_size=12))
def test_digests_are_those_of_the_whole_and_of_its_parts_however_the_bytes_come(
    data: bytes, part_size: int, cuts: list[int]
) -> None:
    chunks, at = list[bytes](), 0
    for cut in cuts:
        chunks.append(data[at : at + cut])
        at += cut
    chunks.append(data[at:])
    found = Digests.of(chunks, len(data), part_size)
    pieces = [data[part.first : part.last + 1] for part in parts_of(len(data), part_size)]
    assert found.whole == hashlib.sha256(data).hexdigest()
    assert found.parts == combined(hashlib.sha256(piece).digest() for piece in pieces)
