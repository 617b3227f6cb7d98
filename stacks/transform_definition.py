"""What the batch state machine does, in Amazon States Language with JSONata."""

from typing import Any

from stacks.settings.mode_settings import BatchSettings
from stacks.stage_plan import VariantPlan

_HOUR = 3600
# The retries below wait ten hours at most, all of them together.
_WAITING_HOURS = 12
# A job's name has 63 characters at most, <project>-<stage> up to 49: so much of a UUID follows.
_UUID_CHARACTERS = 13


def definition(
    *, partition: str, jobs: str, settings: BatchSettings, variant: VariantPlan
) -> dict[str, Any]:
    """Locate the input, transform it and, where that fails, say for which input and why.

    `.sync` waits for the job through an EventBridge rule of Step Functions' own, and stops the job
    where the execution ends first. Polling would need no rights to that rule, but it takes four
    states for one, leaves a job running that nobody waits for, and fills the 25,000 events of an
    execution's history within two days of asking each minute.

    `jobs`: what each job's name begins with. `${Model}`, `${Bucket}` and `${Key}` are the state
    machine's substitutions.
    """
    longest = settings.attempts * settings.timeout_hours + _WAITING_HOURS
    return {
        "Comment": "Runs one SageMaker transform job to its end.",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": longest * _HOUR,
        "StartAt": "Locate",
        "States": {
            "Locate": {
                "Type": "Pass",
                "Comment": "The object that arrived, the caller's input, or all of batch/input/.",
                "Assign": {"source": _SOURCE},
                "Next": "Transform",
            },
            "Transform": {
                "Type": "Task",
                "Resource": f"arn:{partition}:states:::sagemaker:createTransformJob.sync",
                "Arguments": _job(jobs, settings, variant),
                "TimeoutSeconds": settings.timeout_hours * _HOUR,
                "Retry": _retries(settings.attempts),
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed", "Output": _FAILURE}],
                "Output": {
                    "job": "{% $states.result.TransformJobName %}",
                    "input": "{% $source %}",
                    "output": "{% $states.result.TransformOutput.S3OutputPath %}",
                },
                "End": True,
            },
            "Failed": {
                "Type": "Fail",
                "Error": "{% $states.input.error %}",
                "Cause": "{% $source & ': ' & $states.input.reason %}",
            },
        },
    }


_SOURCE = (
    "{% $exists($states.input.detail.object.key)"
    " ? 's3://${Bucket}/' & $states.input.detail.object.key"
    " : $not($exists($states.input.input)) ? 's3://${Bucket}/batch/input/'"
    " : $substring($states.input.input, 0, 5) = 's3://' ? $states.input.input"
    " : 's3://${Bucket}/' & $states.input.input %}"
)
# The cause is a failed job's description as JSON, or what an API call said, or not there.
_FAILURE = {
    "error": "{% $states.errorOutput.Error %}",
    "reason": "{% $not($exists($states.errorOutput.Cause)) ? 'no reason given'"
    " : $contains($states.errorOutput.Cause, '\"FailureReason\"')"
    " ? $parse($states.errorOutput.Cause).FailureReason : $states.errorOutput.Cause %}",
}


def _job(jobs: str, settings: BatchSettings, variant: VariantPlan) -> dict[str, Any]:
    """The request of CreateTransformJob. Each attempt makes it anew, with another name."""
    resources: dict[str, Any] = {
        "InstanceType": variant.instance_types[0],
        "InstanceCount": settings.instance_count,
    }
    if variant.ami_version:
        resources["TransformAmiVersion"] = variant.ami_version
    if variant.has_volumes:
        resources["VolumeKmsKeyId"] = "${Key}"
    job = {
        "TransformJobName": f"{{% '{jobs}' & $substring($uuid(), 0, {_UUID_CHARACTERS}) %}}",
        "ModelName": "${Model}",
        "MaxConcurrentTransforms": settings.max_concurrent_transforms,
        "MaxPayloadInMB": settings.max_payload_mb,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "{% $source %}"}},
            "ContentType": settings.content_type,
            "SplitType": settings.split,
        },
        "TransformOutput": {
            "S3OutputPath": (
                "{% 's3://${Bucket}/batch/output/' & $states.context.Execution.Name & '/' %}"
            ),
            "Accept": settings.accept,
            "AssembleWith": settings.join,
            "KmsKeyId": "${Key}",
        },
        "TransformResources": resources,
    }
    if settings.split != "None":  # "To enable the batch strategy, you must set SplitType"
        job["BatchStrategy"] = settings.strategy
    return job


def _retries(attempts: int) -> list[dict[str, Any]]:
    """Throttling and server faults, quota in use, and a failed job, each in its own measure.

    The names stand in AWS's examples; a job without capacity fails as any other does.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
    """
    return [
        _retry("SageMaker.AmazonSageMakerException", first_seconds=5, attempts=8),
        _retry("SageMaker.ResourceLimitExceededException", first_seconds=60, attempts=16),
        _retry("States.TaskFailed", first_seconds=60, attempts=attempts - 1),
    ]


def _retry(error: str, *, first_seconds: int, attempts: int) -> dict[str, Any]:
    return {
        "ErrorEquals": [error],
        "IntervalSeconds": first_seconds,
        "BackoffRate": 2,
        "MaxDelaySeconds": 1800,
        "JitterStrategy": "FULL",
        "MaxAttempts": attempts,
    }
