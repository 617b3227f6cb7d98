"""`Custom::CDKBucketDeployment`: the work of CDK's Lambda function, in this process.

The function calls the AWS CLI of its layer, at /opt/awscli; a function runs as a process of this
machine here, which has no such layer. What is done here, and the attributes of the resource, follow
the function's code in aws-cdk-lib (aws-s3-deployment/bucket-deployment-handler). Options that this
does not carry out are refused.
"""

import mimetypes
import tempfile
import uuid
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from botocore.exceptions import BotoCoreError, ClientError

from localaws.clients import client, keys
from localaws.ministack import services
from localaws.resource_types import Created, resource_type
from localaws.scope import Document

_REFUSED = (
    "DistributionId",
    "Exclude",
    "Include",
    "SourceMarkers",
    "SystemMetadata",
    "UserMetadata",
)
"""The options of a deployment that are not carried out here."""


def _is_true(properties: Document, name: str) -> bool:
    # A template's true is CloudFormation's "true"; each of these options is true by default.
    return str(properties.get(name, "true")).lower() == "true"


def _deploy(physical_id: str, properties: Document) -> Created:
    """Copy the sources to the destination; ValueError, which fails the stack, where it cannot."""
    if refused := [name for name in _REFUSED if any(properties.get(name) or ())]:
        raise ValueError(f"{refused[0]} of a bucket deployment is not emulated here.")
    if not _is_true(properties, "RetainOnDelete"):
        raise ValueError("A bucket deployment without RetainOnDelete is not emulated here.")
    try:
        _copy(properties)
    except (BotoCoreError, ClientError, BadZipFile) as error:
        raise ValueError(f"The bucket deployment failed: {error}") from error
    keys = properties["SourceObjectKeys"] if _is_true(properties, "OutputObjectKeys") else []
    arn = properties.get("DestinationBucketArn")
    named = {"DestinationBucketArn": arn} if arn else {}
    return physical_id, {"SourceObjectKeys": keys, **named}


def _copy(properties: Document) -> None:
    s3 = client(services.scope(), "s3")
    bucket = properties["DestinationBucketName"]
    prefix = properties.get("DestinationBucketKeyPrefix", "").strip("/")
    prefix = f"{prefix}/" if prefix else ""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sources = zip(properties["SourceBucketNames"], properties["SourceObjectKeys"], strict=True)
        for source, key in sources:
            if not _is_true(properties, "Extract"):
                s3.download_file(source, key, str(folder / Path(key).name))
                continue
            with tempfile.TemporaryFile() as archive:
                s3.download_fileobj(source, key, archive)
                ZipFile(archive).extractall(folder)
        files = {
            f"{prefix}{path.relative_to(folder).as_posix()}": path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        for key, path in files.items():
            guessed = mimetypes.guess_type(path.name)[0]
            arguments = {"ContentType": guessed} if guessed else {}
            s3.upload_file(str(path), bucket, key, ExtraArgs=arguments)
    if _is_true(properties, "Prune"):
        for key in keys(services.scope(), bucket, prefix):
            if key not in files:
                s3.delete_object(Bucket=bucket, Key=key)


RESOURCES = {
    "Custom::CDKBucketDeployment": resource_type(
        lambda _id, properties, _stack: _deploy(f"aws.cdk.s3deployment.{uuid.uuid4()}", properties),
        lambda physical_id, _old, new, _stack: _deploy(physical_id, new),
        lambda _physical_id, _properties: None,
    )
}
