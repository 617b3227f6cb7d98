"""CreateTransformJob as a state of Step Functions (its guide's page connect-sagemaker).

The optimized integration, `arn:aws:states:::sagemaker:createTransformJob`, and with `.sync` one
that waits for the job's end. Any other way to SageMaker is an AWS SDK integration.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from localaws import validation
from localaws.json_api import AwsError
from localaws.ministack import services
from localaws.ministack.states import TaskFailedError
from localaws.sagemaker.transform import operations
from localaws.scope import Document

RESOURCE = "arn:aws:states:::sagemaker:createTransformJob"

LOOK_SECONDS = 0.5
"""How often the status of a job is read that a task waits for."""


def run(resource: str, parameters: Document, abandoned: Callable[[], bool]) -> Document:
    """Carry out the task: its result, or TaskFailedError.

    With `.sync` it blocks until the job has ended, and stops it once it is `abandoned`: its state
    timed out, or its execution was stopped.
    """
    scope = services.scope()
    try:
        validation.validate("sagemaker", "CreateTransformJob", parameters)
        job = operations.create(scope, parameters)
    except AwsError as error:
        raise TaskFailedError(_name(error), error.message) from error
    if not resource.endswith(".sync"):
        return {"TransformJobArn": job.arn}
    while not job.ended.wait(LOOK_SECONDS):
        if abandoned() and job.status == "InProgress":
            with suppress(AwsError):  # it may have ended in between
                operations.stop(scope, {"TransformJobName": job.name})
    described = json.dumps(job.describe(), default=_milliseconds)
    if job.status != "Completed" and not abandoned():
        raise TaskFailedError("States.TaskFailed", described)
    response: Document = json.loads(described)
    return response


def _name(error: AwsError) -> str:
    # What the model has no shape for is of the service's general exception, as in AWS's Java SDK.
    known = error.code in ("ResourceInUse", "ResourceNotFound", "ResourceLimitExceeded")
    return f"SageMaker.{error.code if known else 'AmazonSageMaker'}Exception"


def _milliseconds(value: object) -> int:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    raise TypeError(f"{type(value).__name__} cannot be part of a response")
