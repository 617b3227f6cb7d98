"""Bodies that no client should send, and requests that are no HTTP."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .client import BrokenError, Client, HungError, raw

_TYPES = ["application/json", "text/csv", "application/jsonlines", "application/x-npy"]
_TYPES += ["application/x-parquet", "application/json; charset=utf-16", "text/plain", "x", ""]
_SECONDS = 10.0  # for an answer; a server that closes slow clients has to have done so
_MOST_SECONDS = 180.0  # in all: what a slow server has not been sent by then, it is not

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "inputs", "instances", "dataframe_split", "params", "columns"])
            | st.text(max_size=6),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
_EXTREMES = [
    b"",
    b"[" * 10_000,  # deep for a parser; as CSV a text whose every letter is a token
    b'{"text":' * 2_000,
    b'{"text": ' + b"9" * 100_000 + b"}",
    b'{"text": 1e999}',
    b'{"text": "\\ud800"}',
    b'{"text": "\xff\xfe"}',
    b'\xef\xbb\xbf{"text": "a"}',
    b'{"text": "a", "text": ["b"]}',
    b'{"text": "a\x00b"}',
    b"\x93NUMPY\x01\x00\xff\xff",
    b"PAR1" + b"\x00" * 64 + b"PAR1",
]


@dataclass(slots=True)
class Found:
    """What malformed requests met with.

    Attributes:
        answers: how often each status came.
        bad: the first request for each fault: a status of 500 or more, no answer at all.
    """

    answers: Counter[str] = field(default_factory=Counter)
    bad: dict[str, bytes] = field(default_factory=dict)

    def add(self, what: str, request: bytes) -> None:
        """Count what came of a request."""
        self.answers[what] += 1
        # 503 is what an overloaded server says of any request.
        if not what.startswith(("2", "4")) and what not in {"503", "closed"}:
            self.bad.setdefault(what, request[:200])


def bodies(good: bytes) -> st.SearchStrategy[bytes]:
    """Bodies around a good one: noise, JSON of any shape, and the good one cut or bent."""
    return st.one_of(
        st.binary(max_size=200),
        _json.map(lambda value: json.dumps(value).encode(errors="surrogatepass")),
        st.builds(lambda end: good[:end], st.integers(0, max(0, len(good) - 1))),
        st.builds(
            lambda at, byte: good[:at] + byte + good[at + 1 :],
            st.integers(0, len(good) - 1),
            st.binary(min_size=1, max_size=1),
        ),
        st.sampled_from(_EXTREMES),
    )


def send(port: int, path: str, good: bytes, *, number: int) -> Found:
    """Send so many malformed bodies, the same ones each time, and what is no HTTP."""
    found = send_bodies(port, path, good, number=number)
    for request in _no_http(path):
        try:
            status = raw(port, request, timeout=2 * _SECONDS).split(b" ")
            found.add(status[1].decode()[:3] if len(status) > 1 else "closed", request)
        except HungError:
            found.add("hung", request)
        except OSError:
            found.add("broken", request)
    return found


def send_bodies(port: int, path: str, good: bytes, *, number: int) -> Found:
    """Send so many malformed bodies, the same ones each time."""
    found = Found()
    client = Client(port, timeout=_SECONDS)

    end = time.monotonic() + _MOST_SECONDS

    def one(body: bytes, media_type: str) -> None:
        if time.monotonic() > end:
            return
        try:
            status, _ = client.ask("POST", path, body, {"Content-Type": media_type})
            found.add(str(status), body)
        except HungError:
            found.add("hung", body)
        except BrokenError:
            found.add("broken", body)

    _each(one, good, number)
    client.close()
    return found


def _each(one: Callable[[bytes, str], None], good: bytes, number: int) -> None:
    types = st.sampled_from(_TYPES[:1] * len(_TYPES) + _TYPES)
    run = settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(0)(run(given(bodies(good), types)(one)))()


def _no_http(path: str) -> Iterator[bytes]:
    """Requests with faults of their own, each complete or closed by its sender's silence."""
    start = f"POST {path} HTTP/1.1\r\nHost: a\r\n".encode()
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n"
    yield b"GET\r\n\r\n"
    yield b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n"
    yield start + b"Content-Length: -5\r\n\r\n"
    yield start + b"Content-Length: 99999999999999999999\r\n\r\n"
    yield start + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"
    yield start + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"
    yield start + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n"
    yield start + b"X\x00Y: 1\r\n\r\n"
    yield start + b"".join(b"X%d: 1\r\n" % index for index in range(10_000)) + b"\r\n"
