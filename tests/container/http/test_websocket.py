"""Messages over a WebSocket, by wsproto's client."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from berth_serving.http import flow, server
from tests.container.http.conftest import LIMIT, TIMEOUT, Running
from tests.container.process import poll

pytestmark = pytest.mark.slow


ASKED = b"""GET /socket HTTP/1.1
host: here
connection: upgrade
upgrade: websocket

""".replace(b"\n", b"\r\n")


class Client:
    """The other end."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []

    def send(self, *events: Event) -> None:
        self.socket.sendall(b"".join(self._protocol.send(event) for event in events))

    def next(self) -> Event:
        while not self._events:
            self._protocol.receive_data(self.socket.recv(65_536) or None)
            self._events += self._protocol.events()
        return self._events.pop(0)


@contextmanager
def opened(running: Running) -> Iterator[Client]:
    with running.connect() as connection:
        client = Client(connection)
        client.send(Request(host="here", target="/socket"))
        assert isinstance(client.next(), AcceptConnection)
        yield client


def closing(client: Client) -> int:
    event = client.next()
    assert isinstance(event, CloseConnection)
    return int(event.code)


def test_messages_go_both_ways_in_their_order(running: Running) -> None:
    with opened(running) as client:
        client.send(TextMessage("one"), BytesMessage(b"two"), TextMessage("three"))
        seen = [client.next() for _ in range(3)]
        assert seen == [TextMessage("ONE"), BytesMessage(bytearray(b"TWO")), TextMessage("THREE")]


def test_fragments_are_one_message(running: Running) -> None:
    with opened(running) as client:
        client.send(
            TextMessage("on", message_finished=False),
            Ping(b"still there?"),
            TextMessage("e", message_finished=True),
        )
        assert client.next() == Pong(b"still there?")
        assert client.next() == TextMessage("ONE")


def test_many_messages_at_once_are_all_answered(running: Running) -> None:
    with opened(running) as client:
        client.send(*[TextMessage(str(number)) for number in range(200)])
        for number in range(200):
            assert client.next() == TextMessage(str(number))


def test_a_client_that_does_not_wait_for_answers_is_read_no_further_than_they_are_sent(
    running: Running,
) -> None:
    messages = [TextMessage("x" * 900)] * 600  # more than is read at once
    with opened(running) as client:
        sending = Thread(target=client.send, args=messages)
        sending.start()
        seen = 0
        while seen < 600 * 900:  # in pieces, as they come
            event = client.next()
            assert isinstance(event, TextMessage)
            seen += event.data.count("X")
        sending.join(TIMEOUT)


def test_a_client_that_reads_nothing_is_given_up(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "UNREAD_SECONDS", 0.05)
    monkeypatch.setattr(server, "TICK_SECONDS", 0.01)
    with opened(running) as client:
        with suppress(ConnectionError):
            client.send(*[TextMessage("x" * 900)] * 20_000)
        poll(lambda: not running.server.sockets)


def test_a_client_that_closes_is_answered(running: Running) -> None:
    with opened(running) as client:
        client.send(CloseConnection(1000))
        assert closing(client) == 1000
    assert running.paths.left.wait(TIMEOUT)


def test_a_client_that_hangs_up_is_no_error(running: Running) -> None:
    with opened(running):
        pass
    assert running.paths.left.wait(TIMEOUT)


def test_the_application_may_close(running: Running) -> None:
    with opened(running) as client:
        client.send(TextMessage("bye"))
        assert closing(client) == 1000


def test_an_application_that_fails_closes_with_1011(running: Running) -> None:
    with opened(running) as client:
        client.send(TextMessage("fail"))
        assert closing(client) == 1011


def test_a_message_over_the_limit_closes_with_1009(running: Running) -> None:
    with opened(running) as client:
        client.send(BytesMessage(b"x" * 3 * LIMIT))
        assert closing(client) == 1009


def test_what_is_no_frame_closes_with_1002(running: Running) -> None:
    with opened(running) as client:
        client.socket.sendall(b"\xff\xff\xff\xff")
        assert closing(client) == 1002


def test_the_servers_end_closes_with_1012(running: Running) -> None:
    with opened(running) as client:
        running.drain()
        assert closing(client) == 1012


def test_a_handshake_that_lacks_its_key_is_400(running: Running) -> None:
    asked = (
        b"GET /socket HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    )
    assert running.talk(asked).startswith(b"HTTP/1.1 400 ")


def test_there_is_no_socket_elsewhere(running: Running) -> None:
    asked = ASKED.replace(b"/socket", b"/echo").replace(b"upgrade\r\n", b"upgrade, close\r\n", 1)
    assert running.talk(asked).startswith(b"HTTP/1.1 200 ")
