"""The API of transform jobs; the work itself is `runs`."""

from collections.abc import Callable

from localaws.sagemaker import listing, models
from localaws.sagemaker.errors import AwsError
from localaws.sagemaker.state import STORE, Resource
from localaws.sagemaker.transform import checks, runs
from localaws.sagemaker.transform.job import KIND, TransformJob
from localaws.scope import Document, Scope


def create(scope: Scope, request: Document) -> TransformJob:
    """Begin CreateTransformJob: the job, which runs on a thread of its own."""
    model = STORE.get(scope, "model", request["ModelName"]).properties
    container = models.only_container(model)
    checks.check(request, container)
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
