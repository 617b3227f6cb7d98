"""Batch transform: its parameters, its environment, and records by line."""

from collections.abc import Sequence

from contract.assertions import Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import Response
from contract.container import Setup
from contract.example import Example
from contract.sources import BATCH, TRANSFORM

_CSV = "text/csv"
_LINES = "application/jsonlines"
_STRATEGIES = {"MULTI_RECORD", "SINGLE_RECORD"}
_MOST_MEGABYTES = 100


@case("batch.parameters", Need.OPTIONAL, BATCH)
def parameters(bench: Bench) -> str:
    """`/execution-parameters`, where it is served, holds valid settings of a transform job."""
    response = bench.request("GET", "/execution-parameters")
    if 400 <= response.status < 500:
        raise Skipped(f"/execution-parameters answered {response.status}")
    response.require_200()
    given = response.json
    required(isinstance(given, dict), f"it is not a JSON object: {response}")
    concurrent, megabytes = given.get("MaxConcurrentTransforms", 1), given.get("MaxPayloadInMB", 6)
    required(_whole(concurrent, 1), f"MaxConcurrentTransforms is {concurrent!r}")
    required(_whole(megabytes, 0), f"MaxPayloadInMB is {megabytes!r}")
    strategy = given.get("BatchStrategy", "MULTI_RECORD")
    required(strategy in _STRATEGIES, f"BatchStrategy is {strategy!r}")
    total = concurrent * megabytes
    required(total <= _MOST_MEGABYTES, f"{concurrent} transforms of {megabytes} MB: {total} MB")
    return response.body.decode()


def _whole(value: object, least: int) -> bool:
    return type(value) is int and value >= least


@case("batch.csv", Need.OPTIONAL, TRANSFORM)
def csv(bench: Bench) -> str:
    """For `text/csv` without a header, the response has one line per record, in order."""
    return _by_line(bench, _CSV)


@case("batch.jsonlines", Need.OPTIONAL, TRANSFORM)
def jsonlines(bench: Bench) -> str:
    """For `application/jsonlines`, the response has one line per record, in order."""
    return _by_line(bench, _LINES)


def _by_line(bench: Bench, media_type: str) -> str:
    records, refusal = _taken(bench, media_type)
    if records is None:
        raise Skipped(f"it takes no record as {media_type}: {refusal}")
    alone = [_send(bench, media_type, [record]) for record in records]
    together = _send(bench, media_type, records)
    together.require_200("for three records it answered")
    lines = together.body.splitlines()
    required(len(lines) == len(records), f"{len(records)} records got {len(lines)} lines")
    expected = [response.body.splitlines() for response in alone]
    required(
        [[line] for line in lines] == expected, "a line differs from that of the same record alone"
    )
    return f"as {records[0].decode()[:60]}"


def _taken(bench: Bench, media_type: str) -> tuple[list[bytes] | None, Response | None]:
    """Find a form of a record that this container takes."""
    response = None
    if bench.example.content_type == media_type:
        return bench.example.body.splitlines()[-3:], None
    for records in bench.example.records(media_type):
        response = _send(bench, media_type, records[:1])
        if response.status == 200:
            if _send(bench, "application/x-no-such-type", records[:1]).status == 200:
                raise Skipped("it ignores the Content-Type")
            return records, None
    return None, response


def _send(bench: Bench, media_type: str, records: Sequence[bytes]) -> Response:
    body = b"".join(record + b"\n" for record in records)
    return bench.invoke(Example(body, media_type), headers={"Accept": media_type})


@case("batch.environment", Need.REQUIRED, BATCH, setup=Setup.BATCH)
def environment(bench: Bench) -> None:
    """It starts and responds in the environment of batch transform."""
    if bench.launcher is None:
        raise Skipped("takes --image or --process")
    required(bench.startup.error is None, str(bench.startup.error))
    bench.invoke().require_200()
