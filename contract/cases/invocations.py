"""POST /invocations: answers, their time, and what cannot be answered."""

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from contract import canary
from contract.assertions import Failed, Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.cases.ping import busy
from contract.client import Response
from contract.example import Example
from contract.sources import HOSTING, HTTP, QUOTAS, known

_REAL_TIME_BYTES = 6_291_456  # the smaller of what AWS's documents and botocore name
_OVER_BYTES = 25 * 1024 * 1024 + 1
_MALFORMED = {
    "application/json": f'{{"instances": ["{canary.MALFORMED}", 2'.encode(),
    "text/csv": f'{canary.MALFORMED},b\n"1,2\n'.encode() + b"\xff\xfe",
}


@case("invocations.answer", Need.REQUIRED, HOSTING)
def answer(bench: Bench) -> None:
    """An invocation is answered with 200."""
    required(not bench.startup.hangs, f"the first one: {bench.startup.first}")
    got = bench.invoke()
    got.require_200()
    required(got.body, "the response is empty")


@case("invocations.accept", Need.REQUIRED, HOSTING)
def accept(bench: Bench) -> str:
    """Under load, connections are accepted within 250 ms.

    One slow connection in a hundred may be the fault of this machine.
    """
    connects = sorted(bench.once(busy).load.connects)
    required(connects, "no connection was accepted")
    worst = connects[max(0, len(connects) - 1 - len(connects) // 100)]
    required(worst <= bench.limits.accept, f"it took {worst * 1000:.0f} ms")
    return f"{worst * 1000:.0f} ms, the slowest of {len(connects)} but 1 %"


@case("invocations.in-time", Need.REQUIRED, HOSTING)
def in_time(bench: Bench) -> str:
    """Under load, every invocation is answered within 60 s.

    To refuse a request because of overload is a valid response.
    """
    load = bench.once(busy).load
    statuses = load.statuses()
    required("none" not in statuses, f"{statuses.get('none')} of {len(load.requests)} had none")
    wrong = {status for status in statuses if status not in {"200", "429", "503"}}
    required(not wrong, f"statuses under load: {statuses}")
    slowest = max(request.done - request.sent for request in load.requests)
    return f"slowest {slowest:.2f} s of {len(load.requests)}"


@case(
    "invocations.own-answer",
    Need.REQUIRED,
    known("responses of a batch that go to the wrong requests"),
)
def own_answer(bench: Bench) -> str:
    """Each of several simultaneous requests gets its own response."""
    variants = bench.example.variants(6)
    alone = [bench.invoke(variant) for variant in variants]
    good = [(variant, got) for variant, got in zip(variants, alone, strict=True) if _is_ok(got)]
    if len({got.body for _, got in good}) < 2:
        raise Skipped("the example cannot be varied so that the responses differ")
    rounds = good * 3
    with ThreadPoolExecutor(len(rounds)) as clients:
        together = list(clients.map(bench.invoke, [variant for variant, _ in rounds]))
    compared = [
        same(got, expected)
        for got, (_, expected) in zip(together, rounds, strict=True)
        if _is_ok(got)
    ]
    required(compared, "of the simultaneous requests, none got 200")
    required(all(compared), f"{compared.count(False)} of {len(compared)} got another's response")
    return f"{len(compared)} compared"


def _refuses(got: Response) -> bool:
    """Whether the container refuses a large request because it would take too long."""
    return got.status == 503 and "Retry-After" in got.headers


def _is_ok(got: Response) -> bool:
    return got.status == 200


def same(left: Response, right: Response) -> bool:
    """Whether two responses agree; numbers may differ as much as batching makes them differ."""
    if left.body == right.body:
        return True
    try:
        return _alike(json.loads(left.body), json.loads(right.body))
    except ValueError:
        return False


def _alike(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_alike(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_alike, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-3, abs_tol=1e-4)
    return bool(left == right)


@case(
    "invocations.malformed",
    Need.PRACTICE,
    known("every exception a 500, or a 200 with the error in it"),
)
def malformed(bench: Bench) -> str:
    """A body that is not valid for its Content-Type gets a 4xx response."""
    got = _send_malformed(bench)
    required(400 <= got.status < 500, f"it answered {got}")
    return str(got.status)


@case(
    "invocations.no-traceback",
    Need.PRACTICE,
    known("MLflow's server returns the model's traceback"),
)
def no_traceback(bench: Bench) -> None:
    """No response to a client contains a traceback."""
    got = _send_malformed(bench)
    required(b"Traceback (most recent call last)" not in got.body, "it holds a traceback")


def _send_malformed(bench: Bench) -> Response:
    wrong = malformed_for(bench.example)
    if wrong is None:
        raise Skipped(f"no body is sure to be malformed as {bench.example.content_type}")
    return bench.invoke(wrong)


def malformed_for(example: Example) -> Example | None:
    """A body that is malformed for the example's media type, where one is sure to be."""
    media_type = example.content_type.split(";")[0].strip()
    body = _MALFORMED.get(media_type)
    return Example(body, media_type) if body is not None else None


@case("invocations.media-type", Need.PRACTICE, HTTP)
def media_type(bench: Bench) -> str:
    """An unknown Content-Type gets a 4xx response."""
    got = bench.invoke(Example(bench.example.body, "application/x-no-such-type"))
    required(400 <= got.status < 500, f"it answered {got}")
    return str(got.status)


@case("invocations.payload", Need.REQUIRED, QUOTAS)
def payload(bench: Bench) -> str:
    """A body of 6,291,456 bytes, which real-time endpoints let through, gets a response.

    Any response but 413 will do: the container need not take the padding.
    """
    got = bench.invoke(bench.example.padded(_REAL_TIME_BYTES))
    required(got.status != 413, "it answered 413")
    required(got.status < 500 or _refuses(got), f"it answered {got}")
    return str(got)


@case("invocations.over-limit", Need.PRACTICE, QUOTAS)
def over_limit(bench: Bench) -> str:
    """A body over 25 MiB gets a response (413 or another) and is not dropped."""
    got = bench.invoke(bench.example.padded(_OVER_BYTES))
    required(got.status < 500 or _refuses(got), f"it answered {got}")
    bench.invoke().require_200("the invocation after it:")
    return str(got.status)


@case(
    "invocations.beside-large",
    Need.PRACTICE,
    known("a large body counts by its bytes: until it is done, every other request is refused"),
)
def beside_large(bench: Bench) -> str:
    """While a body of 6,291,456 bytes that is easy to compute is worked on, others get 200."""
    large = bench.example.padded(_REAL_TIME_BYTES)
    with ThreadPoolExecutor(1) as clients:
        asked = clients.submit(bench.invoke, large)
        beside = [bench.invoke() for _ in range(20)]
        while not asked.done():
            beside.append(bench.invoke())
        got = asked.result()
    good = sum(map(_is_ok, beside))
    required(good > len(beside) / 2, f"{good} of {len(beside)} beside it got 200")
    return f"{good} of {len(beside)} beside it got 200; it got {got.status}"


@case("invocations.poison", Need.PRACTICE, known("LitServe: one bad item fails its whole batch"))
def poison(bench: Bench) -> None:
    """A request that no model can take fails alone, without the good ones beside it."""
    good = bench.example
    if not good.is_json:
        raise Skipped("takes an example in JSON")
    truncated, wrong = Example(_MALFORMED["application/json"], good.content_type), good.poisoned()
    with ThreadPoolExecutor(16) as clients:
        responses = list(clients.map(bench.invoke, [good, truncated, good, wrong] * 4))
    lost = [str(got) for got in responses[::2] if got.status not in {200, 429, 503}]
    if lost:
        raise Failed(f"{len(lost)} of 8 good ones: {lost[0]}")


@case("stream.chunks", Need.OPTIONAL, HOSTING)
def chunks(bench: Bench) -> str:
    """The first chunk of a chunked response arrives before the last is made."""
    data = (bench.stream or bench.example).request()
    arrivals: list[float] = []
    with bench.client.connect() as connection:
        began = connection.send(data, timeout=bench.limits.response)
        response = connection.begin("POST", timeout=bench.limits.response)
        if not response.chunked:
            raise Skipped("the response is not chunked (--stream-body gives another request)")
        required(response.status == 200, f"it answered {response.status}")
        while response.read1(65536):
            arrivals.append(time.monotonic() - began)
        ended = time.monotonic() - began
    required(arrivals, "the response is empty")
    required(
        len(arrivals) > 1 and arrivals[-1] - arrivals[0] > ended / 10,
        f"all of it came at once, after {ended:.2f} s",
    )
    return f"first after {arrivals[0] * 1000:.0f} ms, last after {arrivals[-1] * 1000:.0f} ms"
