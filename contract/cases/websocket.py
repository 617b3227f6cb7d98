"""The bidirectional stream: WebSocket at /invocations-bidirectional-stream."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from contract.assertions import Failed, Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.sources import HOSTING

_PATH = "/invocations-bidirectional-stream"
_LABEL = "com.amazonaws.sagemaker.capabilities.bidirectional-streaming"


@contextmanager
def _stream(bench: Bench) -> Iterator[ClientConnection]:
    client = bench.client
    connection = client.connect()
    limit = bench.limits.response
    try:
        with connect(
            f"ws://container:{client.port}{_PATH}",
            sock=connection.socket,
            open_timeout=limit,
            close_timeout=limit,
            ping_interval=None,
            max_size=None,
            proxy=None,
        ) as stream:
            yield stream
    except TimeoutError as error:
        raise Failed(f"no handshake within {limit:g} s") from error
    except (InvalidHandshake, EOFError) as error:
        if bench.labels.get(_LABEL) == "true":
            raise Failed(f"the image has the label {_LABEL}=true, but: {error}") from error
        raise Skipped(f"no WebSocket at {_PATH}") from error
    finally:
        connection.socket.close()


def _response(bench: Bench, stream: ClientConnection) -> str | bytes:
    try:
        return stream.recv(timeout=bench.limits.response)
    except TimeoutError as error:
        raise Failed(f"no message came within {bench.limits.response:g} s") from error
    except ConnectionClosed as error:
        raise Failed(f"it closed the stream instead of sending a message: {error}") from error


@case("websocket.answers", Need.OPTIONAL, HOSTING)
def answers(bench: Bench) -> None:
    """A text message and a binary message each get a response."""
    with _stream(bench) as stream:
        stream.send(bench.example.body.decode())
        _response(bench, stream)
        stream.send(bench.example.body)
        _response(bench, stream)


@case("websocket.fragments", Need.OPTIONAL, HOSTING)
def fragments(bench: Bench) -> None:
    """A message in fragments gets the same response as the whole message.

    A client of SageMaker sends fragments by CompletionState PARTIAL.
    """
    text = bench.example.body.decode()
    parts = [text[:1], text[1 : len(text) // 2 + 1], text[len(text) // 2 + 1 :]]
    with _stream(bench) as stream:
        stream.send(text)
        whole = _response(bench, stream)
        stream.send(parts)
        required(_response(bench, stream) == whole, "it got another response")


@case("websocket.pong", Need.OPTIONAL, HOSTING)
def pong(bench: Bench) -> str:
    """A ping frame is answered by a pong (SageMaker sends one every 60 s)."""
    with _stream(bench) as stream:
        came = stream.ping()
        required(came.wait(bench.limits.response), "no pong came")
        return f"{stream.latency * 1000:.0f} ms"


@case("websocket.close", Need.OPTIONAL, HOSTING)
def close(bench: Bench) -> None:
    """A close frame is answered by a close frame."""
    with _stream(bench) as stream:
        stream.close()
        code = stream.protocol.close_rcvd.code if stream.protocol.close_rcvd else None
    required(code == 1000, f"it answered with code {code}" if code else "it did not answer it")


@case("websocket.many", Need.OPTIONAL, HOSTING)
def many(bench: Bench) -> None:
    """Several streams at once get responses, and so does `/ping`."""
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(_stream(bench)) for _ in range(8)]
        bench.ping().require_200("/ping answered")
        for stream in streams:
            stream.send(bench.example.body.decode())
        for stream in streams:
            _response(bench, stream)
