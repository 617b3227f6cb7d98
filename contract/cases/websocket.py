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
    limit = bench.limits.answer
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


def _answer(bench: Bench, stream: ClientConnection) -> str | bytes:
    try:
        return stream.recv(timeout=bench.limits.answer)
    except TimeoutError as error:
        raise Failed(f"no message came back within {bench.limits.answer:g} s") from error
    except ConnectionClosed as error:
        raise Failed(f"it closed the stream instead of answering: {error}") from error


@case(
    "websocket.answers",
    "A text message and a binary one are each answered",
    source=HOSTING,
    need=Need.OPTIONAL,
)
def answers(bench: Bench) -> None:
    """Send the example as each of them, on one stream."""
    with _stream(bench) as stream:
        stream.send(bench.example.body.decode())
        _answer(bench, stream)
        stream.send(bench.example.body)
        _answer(bench, stream)


@case(
    "websocket.fragments",
    "A message in fragments is answered as the whole one",
    source=HOSTING,
    need=Need.OPTIONAL,
)
def fragments(bench: Bench) -> None:
    """Send the example whole and in three parts (what CompletionState PARTIAL becomes)."""
    text = bench.example.body.decode()
    parts = [text[:1], text[1 : len(text) // 2 + 1], text[len(text) // 2 + 1 :]]
    with _stream(bench) as stream:
        stream.send(text)
        whole = _answer(bench, stream)
        stream.send(parts)
        required(_answer(bench, stream) == whole, "it got another answer")


@case(
    "websocket.pong",
    "A ping frame is answered by a pong (SageMaker sends one every 60 s)",
    source=HOSTING,
    need=Need.OPTIONAL,
)
def pong(bench: Bench) -> str:
    """Send a ping and wait for its pong."""
    with _stream(bench) as stream:
        came = stream.ping()
        required(came.wait(bench.limits.answer), "no pong came")
        return f"{stream.latency * 1000:.0f} ms"


@case(
    "websocket.close",
    "A close frame is answered by a close frame",
    source=HOSTING,
    need=Need.OPTIONAL,
)
def close(bench: Bench) -> None:
    """Close the stream, and look at the code that came back."""
    with _stream(bench) as stream:
        stream.close()
        code = stream.protocol.close_rcvd.code if stream.protocol.close_rcvd else None
    required(code == 1000, f"it answered with code {code}" if code else "it did not answer it")


@case(
    "websocket.many",
    "Several streams at once are answered, and `/ping` beside them",
    source=HOSTING,
    need=Need.OPTIONAL,
)
def many(bench: Bench) -> None:
    """Hold eight open, ping, then use each."""
    with ExitStack() as open_streams:
        streams = [open_streams.enter_context(_stream(bench)) for _ in range(8)]
        required(bench.ping().status == 200, "/ping does not answer 200")
        for stream in streams:
            stream.send(bench.example.body.decode())
        for stream in streams:
            _answer(bench, stream)
