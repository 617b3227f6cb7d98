"""CreateTransformJob as a state of Step Functions (its guide's page connect-sagemaker).

The optimized integration, `arn:aws:states:::sagemaker:createTransformJob`, and with `.sync` one
that waits for the job's end. Any other way to SageMaker is an AWS SDK integration.
"""

import json
from datetime import datetime

from localaws import validation
from localaws.sagemaker.errors import AwsError
from localaws.sagemaker.state import Document, Scope
from localaws.sagemaker.transform import operations

RESOURCE = "arn:aws:states:::sagemaker:createTransformJob"


class TaskFailedError(Exception):
    """What a Retry or a Catch is matched with, and what it is told."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


def run(scope: Scope, resource: str, parameters: Document) -> Document:
    """Carry out the task: its result, or TaskFailedError. With `.sync` it blocks."""
    try:
        validation.validate("sagemaker", "CreateTransformJob", parameters)
        job = operations.create(scope, parameters)
    except validation.Invalid as error:
        raise TaskFailedError("SageMaker.AmazonSageMakerException", str(error)) from error
    except AwsError as error:
        raise TaskFailedError(_name(error), error.message) from error
    if not resource.endswith(".sync"):
        return {"TransformJobArn": job.arn}
    job.ended.wait()
    described = json.dumps(job.describe(), default=_milliseconds)
    if job.status != "Completed":
        raise TaskFailedError("States.TaskFailed", described)
    answer: Document = json.loads(described)
    return answer


def _name(error: AwsError) -> str:
    # What the model has no shape for is of the service's general exception, as in AWS's Java SDK.
    known = error.code in ("ResourceInUse", "ResourceNotFound", "ResourceLimitExceeded")
    return f"SageMaker.{error.code if known else 'AmazonSageMaker'}Exception"


def _milliseconds(value: object) -> int:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
