"""Objects cut into payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.sagemaker.transform.container import Parameters
from localaws.sagemaker.transform.job import ObjectFailedError
from localaws.sagemaker.transform.shares import assembled, payloads

records = st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"") + b"\n"))


def cut(content: bytes, *, by_line: bool = True, single: bool = False) -> list[bytes]:
    return list(payloads(content, Parameters(1, 10, single), by_line=by_line))


@given(records, st.booleans())
def test_payloads_are_the_object_again_and_none_is_over_the_limit(
    lines: list[bytes], single: bool
) -> None:
    found = cut(b"".join(lines), single=single)
    assert b"".join(found) == b"".join(lines)
    assert all(0 < len(one) <= 10 for one in found)


@given(records)
def test_a_single_record_strategy_sends_them_one_by_one(lines: list[bytes]) -> None:
    assert cut(b"".join(lines), single=True) == lines


def test_a_payload_takes_as_many_records_as_fit() -> None:
    assert cut(b"1234\n1234\n1234\n1") == [b"1234\n1234\n", b"1234\n1"]


def test_only_a_newline_splits() -> None:
    assert cut(b"a\rb\nc", single=True) == [b"a\rb\n", b"c"]


def test_an_object_that_is_not_split_is_one_payload() -> None:
    assert cut(b"a\nb\n", by_line=False, single=True) == [b"a\nb\n"]


@pytest.mark.parametrize("by_line", [True, False])
def test_a_record_over_the_limit_fails_its_object(by_line: bool) -> None:
    with pytest.raises(ObjectFailedError, match="A record of 11 bytes is over MaxPayloadInMB"):
        cut(b"12345678901", by_line=by_line)


def test_answers_are_joined_as_they_are_or_a_line_each() -> None:
    assert assembled([b"1", b"2\n", b"3"], by_line=False) == b"12\n3"
    assert assembled([b"1", b"2\n", b"3"], by_line=True) == b"1\n2\n3\n"
