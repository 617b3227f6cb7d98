"""A transform job's run, from its container's start to its last output, in its own thread.

An object of which one record fails has no output; the others' are stored all the same, and the
job has failed (TransformOutput, batch-transform-errors). A stopped job stores nothing.
"""

import logging
import threading
import time

from botocore.exceptions import ClientError

from localaws.clients import client
from localaws.sagemaker import artifacts, logs
from localaws.sagemaker.artifacts import bucket_and_key
from localaws.sagemaker.state import STORE
from localaws.sagemaker.transform import container, inputs
from localaws.sagemaker.transform.job import (
    GROUP,
    JobFailedError,
    JobStoppedError,
    TransformJob,
)
from localaws.sagemaker.transform.shares import ObjectResult, transformed

_log = logging.getLogger("localaws.sagemaker")
_running: dict[str, TransformJob] = {}


def begin(job: TransformJob) -> None:
    """Run a job in the background."""
    _running[job.arn] = job
    threading.Thread(target=_run, args=[job], name=f"transform-{job.name}", daemon=True).start()


def shutdown(seconds: float = 5.0) -> None:
    """End every running job: SIGTERM to its programs, and SIGKILL after the given seconds."""
    jobs = list(_running.values())
    for job in jobs:
        job.stop()
    deadline = time.monotonic() + seconds
    for job in jobs:
        for instance in job.instances:
            if not instance.exited.wait(max(0.0, deadline - time.monotonic())):
                instance.kill()
        # Its thread removes its model, unless this process ends first.
        job.ended.wait(max(1.0, deadline - time.monotonic()))
        artifacts.remove(container.models_of(job))


def _run(job: TransformJob) -> None:
    status, failure = "Completed", ""
    try:
        _transform(job)
    except JobStoppedError:
        status = "Stopped"
    except JobFailedError as error:
        _log.warning("transform job %s: %s", job.name, error)
        status, failure = "Failed", str(error)
    except Exception:  # noqa: BLE001 - else the job would stay in progress
        _log.exception("transform job %s", job.name)
        status, failure = "Failed", "InternalServerError: We encountered an internal error."
    artifacts.remove(container.models_of(job))
    with STORE.lock:
        # A job that was asked to stop is Stopped, whatever has ended it.
        job.end("Stopped" if job.stopping.is_set() else status, failure)
    _running.pop(job.arn, None)


def _transform(job: TransformJob) -> None:
    found = inputs.inputs_of(job)
    program = container.program(job)
    try:
        for _ in range(min(job.properties["TransformResources"]["InstanceCount"], len(found))):
            container.start(job, program)
        job.start()
        results = transformed(job, found)
    finally:
        for instance in job.instances:
            instance.ask_to_stop()
        for instance in job.instances:
            instance.stop()
    _store(job, results)
    _report(job, [one for one in results if one.failure])


def _store(job: TransformJob, results: list[ObjectResult]) -> None:
    given = job.properties["TransformOutput"]
    bucket, folder = bucket_and_key(given["S3OutputPath"])
    prefix = f"{folder.rstrip('/')}/" if folder else ""
    key = given.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    for one in results:
        if one.failure is None:
            name = f"{prefix}{one.source.path}.out"
            try:
                client(job.scope, "s3").put_object(
                    Bucket=bucket, Key=name, Body=one.output, **encryption
                )
            except ClientError as error:
                raise JobFailedError(
                    f"ClientError: Could not write s3://{bucket}/{name}: {error}"
                ) from error


def _report(job: TransformJob, failed: list[ObjectResult]) -> None:
    """Fail the job where an object did: why is in its log, as on AWS."""
    if not failed:
        return
    lines = [
        f"[sagemaker logs]: {one.source.bucket}/{one.source.key}: {line}"
        for one in failed
        for line in str(one.failure).splitlines()
    ]
    logs.put(job.scope, GROUP, f"{job.name}/data-log", lines)
    blames = {one.failure.blame for one in failed if one.failure}
    blame = "AlgorithmError" if "AlgorithmError" in blames else "ClientError"
    raise JobFailedError(f"{blame}: See job logs for more information")
