"""The objects of a job, divided among its instances; each gets several payloads at once."""

import io
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from localaws.sagemaker.instance import Instance
from localaws.sagemaker.transform import inputs
from localaws.sagemaker.transform.container import ContainerClient, Parameters
from localaws.sagemaker.transform.inputs import Input
from localaws.sagemaker.transform.job import ObjectFailedError, TransformJob


@dataclass(frozen=True)
class ObjectResult:
    """The result of one object: its output, or the reason why there is none."""

    source: Input
    output: bytes = b""
    failure: ObjectFailedError | None = None


def transformed(job: TransformJob, found: list[Input]) -> list[ObjectResult]:
    """Have the job's instances transform every object; JobStoppedError where the job is to stop.

    Everything is held in memory: nothing is stored before all is done.
    """
    parameters = Parameters.of(job)
    count = len(job.instances)
    with ThreadPoolExecutor(count) as pool:
        shares = [
            pool.submit(_share, job, instance, parameters, found[number::count])
            for number, instance in enumerate(job.instances)
        ]
    return [outcome for share in shares for outcome in share.result()]


def _share(
    job: TransformJob, instance: Instance, parameters: Parameters, found: list[Input]
) -> list[ObjectResult]:
    by_line = job.properties["TransformInput"].get("SplitType") == "Line"
    with (
        closing(ContainerClient(job, instance)) as client,
        ThreadPoolExecutor(parameters.concurrent) as pool,
    ):

        def ask(one: Input) -> list[Future[bytes]] | ObjectFailedError:
            try:
                content = inputs.content(job, one)
                bodies = list(payloads(content, parameters, by_line=by_line))
            except ObjectFailedError as failure:
                return failure
            return [pool.submit(client.ask, body) for body in bodies]

        asked = [(one, ask(one)) for one in found]
        return [_result(job, one, responses) for one, responses in asked]


def _result(
    job: TransformJob, one: Input, responses: list[Future[bytes]] | ObjectFailedError
) -> ObjectResult:
    by_line = job.properties["TransformOutput"].get("AssembleWith") == "Line"
    if isinstance(responses, ObjectFailedError):
        return ObjectResult(one, failure=responses)
    try:
        output = assembled([response.result() for response in responses], by_line=by_line)
    except ObjectFailedError as failure:
        return ObjectResult(one, failure=failure)
    return ObjectResult(one, output)


def payloads(content: bytes, parameters: Parameters, *, by_line: bool) -> Iterator[bytes]:
    """The bodies of the requests for one object, none longer than the parameters allow.

    `by_line` splits at newlines, which stay with their records, as in SageMaker's own local mode.
    Raises ObjectFailedError where a record is over the limit.
    """
    limit, held = parameters.payload_bytes, b""
    for record in io.BytesIO(content) if by_line else [content]:
        if len(record) > limit:
            raise ObjectFailedError(
                "ClientError",
                f"A record of {len(record)} bytes is over MaxPayloadInMB ({limit} bytes).",
            )
        if held and (parameters.single or len(held) + len(record) > limit):
            yield held
            held = b""
        held += record
    if held:
        yield held


def assembled(responses: Iterable[bytes], *, by_line: bool) -> bytes:
    """The responses as one object; `by_line` ends each with a newline where it has none."""
    if not by_line:
        return b"".join(responses)
    return b"".join(one if one.endswith(b"\n") else one + b"\n" for one in responses)
