"""The objects that a job reads, and the path of each one's output."""

import gzip
import json
from dataclasses import dataclass

from botocore.exceptions import ClientError

from localaws import iam
from localaws.clients import client, keys
from localaws.ministack.permissions import role_refusal
from localaws.sagemaker.artifacts import bucket_and_key
from localaws.sagemaker.transform.job import JobFailedError, ObjectFailedError, TransformJob
from localaws.scope import Document


@dataclass(frozen=True)
class Input:
    """One object. `path` is its key below the job's prefix: the output's below S3OutputPath."""

    bucket: str
    key: str
    path: str


def inputs_of(job: TransformJob) -> list[Input]:
    """Every object that the job reads; JobFailedError where there is none."""
    source = job.properties["TransformInput"]["DataSource"]["S3DataSource"]
    bucket, key = bucket_and_key(source["S3Uri"])
    try:
        if source["S3DataType"] == "ManifestFile":
            inputs = _of_manifest(job, bucket, key)
        else:
            _check_listing(job, bucket, key)
            found = keys(job.scope, bucket, key)
            # The S3 console makes an object for an empty folder, which holds no record.
            inputs = [Input(bucket, one, _below(one, key)) for one in found if one[-1] != "/"]
    except ClientError as error:
        raise JobFailedError(f"ClientError: Could not read {source['S3Uri']}: {error}") from error
    if not inputs:
        raise JobFailedError(
            f'ClientError: No S3 objects found under S3 URL "{source["S3Uri"]}" given in input'
            " data source. Please ensure that the bucket exists in the selected region and that"
            " objects exist under that S3 prefix."
        )
    return inputs


def _check_listing(job: TransformJob, bucket: str, prefix: str) -> None:
    """A prefix is listed with the model's role."""
    if not iam.is_enforced():
        return
    message = role_refusal(
        job.role,
        "s3:ListBucket",
        f"arn:aws:s3:::{bucket}",
        job.scope.region,
        {"s3:prefix": prefix},
    )
    if message:
        raise JobFailedError(f"ClientError: Could not read s3://{bucket}/{prefix}: {message}")


def _below(key: str, prefix: str) -> str:
    """The key below a prefix that is a folder, else below the folder that the prefix is in."""
    folder = prefix if prefix.endswith("/") else f"{prefix}/"
    if not key.startswith(folder):
        folder = prefix[: prefix.rfind("/") + 1]
    return key.removeprefix(folder)


def _of_manifest(job: TransformJob, bucket: str, key: str) -> list[Input]:
    text = client(job.scope, "s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    where = f"s3://{bucket}/{key}"
    try:
        head, *paths = json.loads(text)
        bucket, prefix = bucket_and_key(head["prefix"])
        return [Input(bucket, prefix + path, path) for path in paths]
    except (ValueError, TypeError, KeyError) as error:
        raise JobFailedError(
            f'ClientError: {where} is no manifest: it must be [{{"prefix": "s3://…"}}, "path", …].'
        ) from error


def content(job: TransformJob, one: Input) -> bytes:
    """An object's bytes, decompressed where the job says so; ObjectFailedError where not."""
    given: Document = job.properties["TransformInput"]
    try:
        got = client(job.scope, "s3").get_object(Bucket=one.bucket, Key=one.key)
        raw: bytes = got["Body"].read()
        return gzip.decompress(raw) if given.get("CompressionType") == "Gzip" else raw
    except (ClientError, OSError, EOFError) as error:
        raise ObjectFailedError("ClientError", f"The object cannot be read: {error}") from error
