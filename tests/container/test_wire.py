"""Frames between the front and a worker arrive as they were sent."""

import socket
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from serving.wire import Channel, Head

# Halves of surrogate pairs too: a model's error may quote what a client has sent.
texts = st.text(st.characters(), max_size=20)
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.dictionaries(texts, values, max_size=4), st.binary(max_size=50))))
def test_heads_and_bodies_come_back_in_their_order(frames: list[tuple[Head, bytes]]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender, receiver = Channel(ours), Channel(theirs)
        for head, body in frames:
            sender.send(head, body)
            assert receiver.receive() == (head, body)


def test_a_lone_surrogate_comes_through() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Channel(ours).send({"message": "not \ud800 text"})
        assert Channel(theirs).receive() == ({"message": "not \ud800 text"}, b"")
