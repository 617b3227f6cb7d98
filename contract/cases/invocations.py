"""POST /invocations: answers, their time, and what cannot be answered."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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
    "application/json": b'{"instances": [1, 2',
    "text/csv": b'a,b\n"1,2\n\xff\xfe',
}


@case(
    "invocations.answer", "An invocation is answered with 200", source=HOSTING, need=Need.REQUIRED
)
def answer(bench: Bench) -> None:
    """Send the example."""
    required(not bench.startup.hangs, f"the first one: {bench.startup.first}")
    got = bench.invoke()
    required(got.status == 200, f"it answered {got}")
    required(got.body, "the answer is empty")


@case(
    "invocations.accept",
    "Under load, connections are accepted within 250 ms",
    source=HOSTING,
    need=Need.REQUIRED,
)
def accept(bench: Bench) -> str:
    """Judge how long the load's connections took; one in a hundred may be this machine's fault."""
    connects = sorted(bench.once(busy).load.connects)
    required(connects, "no connection was accepted")
    worst = connects[max(0, len(connects) - 1 - len(connects) // 100)]
    required(worst <= bench.limits.accept, f"it took {worst * 1000:.0f} ms")
    return f"{worst * 1000:.0f} ms, the slowest of {len(connects)} but 1 %"


@case(
    "invocations.in-time",
    "Under load, every invocation is answered within 60 s",
    source=HOSTING,
    need=Need.REQUIRED,
)
def in_time(bench: Bench) -> str:
    """Judge the load's answers; refusing for overload is an answer."""
    load = bench.once(busy).load
    statuses = load.statuses()
    required("none" not in statuses, f"{statuses.get('none')} of {len(load.requests)} had none")
    wrong = {status for status in statuses if status not in {"200", "429", "503"}}
    required(not wrong, f"statuses under load: {statuses}")
    slowest = max(request.done - request.sent for request in load.requests)
    return f"slowest {slowest:.2f} s of {len(load.requests)}"


@case(
    "invocations.own-answer",
    "Requests at the same time get each its own answer",
    source=known("batched answers handed to the wrong requests"),
    need=Need.REQUIRED,
)
def own_answer(bench: Bench) -> str:
    """Send differing requests alone and then together; their answers have to be the same."""
    variants = bench.example.variants(6)
    alone = [bench.invoke(variant) for variant in variants]
    good = [(variant, got) for variant, got in zip(variants, alone, strict=True) if _is_ok(got)]
    if len({got.body for _, got in good}) < 2:
        raise Skipped("no requests could be made of the example that get different answers")
    rounds = good * 3
    with ThreadPoolExecutor(len(rounds)) as clients:
        together = list(clients.map(bench.invoke, [variant for variant, _ in rounds]))
    compared = [
        same(got, expected)
        for got, (_, expected) in zip(together, rounds, strict=True)
        if _is_ok(got)
    ]
    required(compared, "at the same time, none was answered with 200")
    required(all(compared), f"{compared.count(False)} of {len(compared)} got another's answer")
    return f"{len(compared)} compared"


def _refuses(got: Response) -> bool:
    """Whether a container says that it cannot in time, which is an answer to what is large."""
    return got.status == 503 and "Retry-After" in got.headers


def _is_ok(got: Response) -> bool:
    return got.status == 200


def same(left: Response, right: Response) -> bool:
    """Whether two answers say the same, numbers within what a batch may change."""
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
    "A body that is no document of its type is answered with 4xx",
    source=known("every exception a 500, or a 200 with the error in it"),
    need=Need.PRACTICE,
)
def malformed(bench: Bench) -> str:
    """Send a truncated document."""
    got = _send_malformed(bench)
    required(400 <= got.status < 500, f"it answered {got}")
    return str(got.status)


@case(
    "invocations.no-traceback",
    "No answer to a client holds a traceback",
    source=known("MLflow's server answers with the model's traceback"),
    need=Need.PRACTICE,
)
def no_traceback(bench: Bench) -> None:
    """Look into the answer to a truncated document."""
    got = _send_malformed(bench)
    required(b"Traceback (most recent call last)" not in got.body, "it holds a traceback")


def _send_malformed(bench: Bench) -> Response:
    media_type = bench.example.content_type.split(";")[0].strip()
    if media_type not in _MALFORMED:
        raise Skipped(f"nothing is malformed for sure as {media_type}")
    return bench.invoke(Example(_MALFORMED[media_type], media_type))


@case(
    "invocations.media-type",
    "An unknown Content-Type is answered with 4xx",
    source=HTTP,
    need=Need.PRACTICE,
)
def media_type(bench: Bench) -> str:
    """Send the example as something that nobody knows."""
    got = bench.invoke(Example(bench.example.body, "application/x-no-such-type"))
    required(400 <= got.status < 500, f"it answered {got}")
    return str(got.status)


@case(
    "invocations.payload",
    "A body of 6,291,456 bytes, the least that real-time endpoints pass, is answered",
    source=QUOTAS,
    need=Need.REQUIRED,
)
def payload(bench: Bench) -> str:
    """Pad the example to that length; a container may answer what it likes, but not 413."""
    got = bench.invoke(bench.example.padded(_REAL_TIME_BYTES))
    required(got.status != 413, "it answered 413")
    required(got.status < 500 or _refuses(got), f"it answered {got}")
    return str(got)


@case(
    "invocations.over-limit",
    "A body over 25 MiB is answered (413, or as any other), not dropped",
    source=QUOTAS,
    need=Need.PRACTICE,
)
def over_limit(bench: Bench) -> str:
    """Pad the example to one byte more, and see that the container lives on."""
    got = bench.invoke(bench.example.padded(_OVER_BYTES))
    required(got.status < 500 or _refuses(got), f"it answered {got}")
    after = bench.invoke()
    required(after.status == 200, f"the invocation after it: {after}")
    return str(got.status)


@case(
    "invocations.poison",
    "Requests that no model can take fail alone among good ones",
    source=known("LitServe: one bad item fails its whole batch"),
    need=Need.PRACTICE,
)
def poison(bench: Bench) -> None:
    """Send good ones, truncated ones and wrong ones at once; the good ones have to be answered."""
    good = bench.example
    if not good.is_json:
        raise Skipped("takes an example in JSON")
    truncated, wrong = Example(_MALFORMED["application/json"], good.content_type), good.poisoned()
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(bench.invoke, [good, truncated, good, wrong] * 4))
    lost = [str(got) for got in answers[::2] if got.status not in {200, 429, 503}]
    if lost:
        raise Failed(f"{len(lost)} of 8 good ones: {lost[0]}")
