"""The API of transform jobs; the work itself is `runs`."""

from localaws.json_api import AwsError, refuse
from localaws.sagemaker import listing, models
from localaws.sagemaker.multimodel.source import is_multi_model
from localaws.sagemaker.state import STORE, Operations
from localaws.sagemaker.transform import runs
from localaws.sagemaker.transform.job import KIND, NO_PROCESSING, TransformJob
from localaws.scope import Document, Scope


def create(scope: Scope, request: Document) -> TransformJob:
    """Begin CreateTransformJob: the job, which runs on a thread of its own."""
    model = STORE.get(scope, "model", request["ModelName"]).properties
    container = models.only_container(model)
    _check(request, container)
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
        refuse(
            job.status != "InProgress",
            f"The request was rejected because the transform job is in status {job.status}.",
        )
        job.stop()
    return {}


def describe(scope: Scope, request: Document) -> Document:
    """DescribeTransformJob."""
    return _job(scope, request["TransformJobName"]).describe()


def list_jobs(scope: Scope, request: Document) -> Document:
    """ListTransformJobs."""
    jobs = STORE.all(scope, KIND).values()
    return listing.page(
        request,
        jobs,
        lambda one: _job(scope, one.name).summarise(),
        "TransformJobSummaries",
    )


def _job(scope: Scope, name: str) -> TransformJob:
    found = STORE.get(scope, KIND, name)
    assert isinstance(found, TransformJob)  # noqa: S101 - the store keeps nothing else as one
    return found


MAX_TOTAL_MB = 100
"""The limit of MaxPayloadInMB, and of it times MaxConcurrentTransforms (CreateTransformJob)."""


def _check(request: Document, container: Document) -> None:
    """Raise ValidationException for a job that AWS refuses or this machine cannot run."""
    given, output = request["TransformInput"], request["TransformOutput"]["S3OutputPath"]
    source = given["DataSource"].get("S3DataSource", {})
    kind, uri = source.get("S3DataType"), source.get("S3Uri", "")
    split = given.get("SplitType", "None")
    processing = {**NO_PROCESSING, **request.get("DataProcessing", {})}
    payload = request.get("MaxPayloadInMB")
    total = (payload or 0) * (request.get("MaxConcurrentTransforms") or 1)
    no_s3, unknown = "must begin with s3://, not", "is not emulated on this machine."
    refuse(
        "ModelDataSource" in container,
        "ModelDataSource cannot be used with batch transform: give the model a ModelDataUrl.",
    )
    refuse(
        is_multi_model(container), "A multi-model container cannot be used with batch transform."
    )
    refuse(payload == 0, f"MaxPayloadInMB 0 (chunked transfer) {unknown}")
    refuse(
        total > MAX_TOTAL_MB,
        "MaxPayloadInMB, and MaxConcurrentTransforms * MaxPayloadInMB where both are given,"
        f" cannot exceed {MAX_TOTAL_MB} MB.",
    )
    refuse(not source, "TransformInput.DataSource must have an S3DataSource.")
    refuse(
        kind not in ("S3Prefix", "ManifestFile"),
        f"S3DataType {kind} is not compatible with batch transform: use S3Prefix or ManifestFile.",
    )
    refuse(not uri.startswith("s3://"), f"S3Uri {no_s3} {uri}.")
    refuse(split not in ("None", "Line"), f"SplitType {split} {unknown}")
    refuse(not output.startswith("s3://"), f"S3OutputPath {no_s3} {output}.")
    refuse(processing != NO_PROCESSING, f"DataProcessing other than its defaults {unknown}")
    refuse("DataCaptureConfig" in request, f"DataCaptureConfig of a transform job {unknown}")


OPERATIONS: Operations = {
    "CreateTransformJob": lambda scope, request: {"TransformJobArn": create(scope, request).arn},
    "DescribeTransformJob": describe,
    "ListTransformJobs": list_jobs,
    "StopTransformJob": stop,
}
