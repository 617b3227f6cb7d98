"""What CreateTransformJob refuses beyond its request's shape."""

from localaws.sagemaker.errors import AwsError
from localaws.sagemaker.multimodel.source import is_multi_model
from localaws.scope import Document

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
    return AwsError.validation(f"{member} {what} is not known on this machine.")
