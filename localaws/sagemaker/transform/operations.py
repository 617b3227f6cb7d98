"""The API of transform jobs; the work itself is `runs`."""

from collections.abc import Callable

from localaws.json_api import AwsError
from localaws.sagemaker import listing, models
from localaws.sagemaker.multimodel.source import is_multi_model
from localaws.sagemaker.state import STORE, Resource
from localaws.sagemaker.transform import runs
from localaws.sagemaker.transform.job import KIND, TransformJob
from localaws.scope import Document, Scope


def create(scope: Scope, request: Document) -> TransformJob:
    """Begin CreateTransformJob: the job, which runs on a thread of its own."""
    model = STORE.get(scope, "model", request["ModelName"]).properties
    container = models.only_container(model)
    check(request, container)
    name = request["TransformJobName"]
    properties = {key: value for key, value in request.items() if key != "Tags"}
    job = TransformJob(
        scope,
        KIND,
        name,
        properties,
        container=container,
        role=model["ExecutionRoleArn"],
        isolated=bool(model.get("EnableNetworkIsolation")),
    )
    with STORE.lock:
        if name in STORE.all(scope, KIND):
            raise AwsError(
                "ResourceInUse",
                "Job name must be unique within an AWS account and region, and a job with this"
                f" name already exists ({job.arn})",
            )
        STORE.add(job, request.get("Tags", []))
    runs.begin(job)
    return job


def stop(scope: Scope, request: Document) -> Document:
    """StopTransformJob: the job is Stopping, and Stopped once its container has ended."""
    with STORE.lock:
        job = _job(scope, request["TransformJobName"])
        if job.status != "InProgress":
            raise AwsError.validation(
                f"The request was rejected because the transform job is in status {job.status}."
            )
        job.stop()
    return {}


def describe(scope: Scope, request: Document) -> Document:
    """DescribeTransformJob."""
    return _job(scope, request["TransformJobName"]).describe()


def list_jobs(scope: Scope, request: Document) -> Document:
    """ListTransformJobs."""
    jobs = list(STORE.all(scope, KIND).values())
    return listing.page(request, jobs, _summary, "TransformJobSummaries")


def _summary(one: Resource) -> Document:
    return _job(one.scope, one.name).summarise()


def _job(scope: Scope, name: str) -> TransformJob:
    found = STORE.get(scope, KIND, name)
    assert isinstance(found, TransformJob)  # noqa: S101 - the store keeps nothing else as one
    return found


OPERATIONS: dict[str, Callable[[Scope, Document], Document]] = {
    "CreateTransformJob": lambda scope, request: {"TransformJobArn": create(scope, request).arn},
    "DescribeTransformJob": describe,
    "ListTransformJobs": list_jobs,
    "StopTransformJob": stop,
}


MAX_TOTAL_MB = 100
"""The limit of MaxPayloadInMB, and of it times MaxConcurrentTransforms (CreateTransformJob)."""

_NO_PROCESSING = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}


def check(request: Document, container: Document) -> None:
    """Raise ValidationException for a job that AWS refuses or this machine cannot run."""
    if "ModelDataSource" in container:
        raise AwsError.validation(
            "ModelDataSource cannot be used with batch transform: give the model a ModelDataUrl."
        )
    if is_multi_model(container):
        raise AwsError.validation("A multi-model container cannot be used with batch transform.")
    _check_limits(request)
    _check_input(request["TransformInput"])
    _require_s3(request["TransformOutput"]["S3OutputPath"], "S3OutputPath")
    if {**_NO_PROCESSING, **request.get("DataProcessing", {})} != _NO_PROCESSING:
        raise _unknown("DataProcessing", "other than its defaults")
    if "DataCaptureConfig" in request:
        raise _unknown("DataCaptureConfig", "of a transform job")


def _check_limits(request: Document) -> None:
    payload, parallel = request.get("MaxPayloadInMB"), request.get("MaxConcurrentTransforms")
    if payload == 0:
        raise _unknown("MaxPayloadInMB", "0 (chunked transfer)")
    if payload is not None and payload * (parallel or 1) > MAX_TOTAL_MB:
        raise AwsError.validation(
            "MaxPayloadInMB, and MaxConcurrentTransforms * MaxPayloadInMB where both are given,"
            f" cannot exceed {MAX_TOTAL_MB} MB."
        )


def _check_input(given: Document) -> None:
    source = given["DataSource"].get("S3DataSource")
    if source is None:
        raise AwsError.validation("TransformInput.DataSource must have an S3DataSource.")
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise AwsError.validation(
            f"S3DataType {source['S3DataType']} is not compatible with batch transform:"
            " use S3Prefix or ManifestFile."
        )
    _require_s3(source["S3Uri"], "S3Uri")
    if given.get("SplitType", "None") not in ("None", "Line"):
        raise _unknown("SplitType", given["SplitType"])


def _require_s3(uri: str, member: str) -> None:
    if not uri.startswith("s3://"):
        raise AwsError.validation(f"{member} must begin with s3://, not {uri}.")


def _unknown(member: str, what: str) -> AwsError:
    return AwsError.validation(f"{member} {what} is not emulated on this machine.")
