"""Frames between the front and a worker arrive as they were sent."""

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.frames import Channel, Head, pack

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
            assert receiver.receive() == [(head, body)]


def test_a_lone_surrogate_comes_through() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Channel(ours).send({"message": "not \ud800 text"})
        assert Channel(theirs).receive() == [({"message": "not \ud800 text"}, b"")]


def test_what_comes_in_pieces_is_put_together() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        receiver = Channel(theirs)
        sent = b"".join([*pack({"id": 1}, b"one"), *pack({"id": 2}, b"two")])
        received = []
        for start in range(0, len(sent), 7):
            ours.sendall(sent[start : start + 7])
            received.append(receiver.receive())
        assert [frame for frames in received for frame in frames] == [
            ({"id": 1}, b"one"),
            ({"id": 2}, b"two"),
        ]


def test_what_waits_for_frames_can_be_woken() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        receiver = Channel(theirs)
        receiver.wake()
        assert receiver.receive() == []
        assert receiver.receive(wait=False) == []


def test_a_front_that_is_gone_is_told() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        with pytest.raises(ConnectionError, match="the front has ended"):
            Channel(theirs).receive()
