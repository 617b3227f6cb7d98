"""`Custom::CDKBucketDeployment`: the work of CDK's Lambda function, in this process.

The function calls the AWS CLI of its layer, at /opt/awscli; a function runs as a process of this
machine here, which has no such layer. What is done here, and the attributes of the resource, follow
the function's code in aws-cdk-lib (aws-s3-deployment/bucket-deployment-handler).
"""

import json
import mimetypes
import tempfile
import uuid
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from botocore.exceptions import BotoCoreError, ClientError

from localaws.clients import client
from localaws.ministack import services

Properties = dict[str, Any]
Made = tuple[str, Properties]

OWNED = "aws-cdk:cr-owned"
"""The tag that CDK puts on a bucket for as long as a deployment of its stack writes into it."""

_SYSTEM_METADATA = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-type": "ContentType",
    "sse": "ServerSideEncryption",
    "sse-kms-key-id": "SSEKMSKeyId",
    "storage-class": "StorageClass",
    "website-redirect": "WebsiteRedirectLocation",
}
"""The AWS CLI's options, and what boto3 calls them."""


def create(logical_id: str, properties: Properties, stack: str) -> Made:
    """Deploy; ValueError, which fails the resource, where that cannot be done."""
    del logical_id, stack
    return f"aws.cdk.s3deployment.{uuid.uuid4()}", _deploy(properties)


def update(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    """Deploy again; without RetainOnDelete, empty an earlier destination."""
    del stack
    if not _says(new, "RetainOnDelete") and _destination(old) != _destination(new):
        _remove(*_destination(old))
    return physical_id, _deploy(new)


def delete(physical_id: str, properties: Properties) -> None:
    """Without RetainOnDelete, empty the destination, unless it is still owned."""
    del physical_id
    bucket, prefix = _destination(properties)
    if not _says(properties, "RetainOnDelete") and not _is_owned(bucket, prefix):
        _remove(bucket, prefix)


RESOURCES: dict[str, dict[str, Any]] = {
    "Custom::CDKBucketDeployment": {"create": create, "update": update, "delete": delete}
}


def _says(properties: Properties, name: str, default: str = "true") -> bool:
    # A template's true is CloudFormation's "true".
    return str(properties.get(name, default)).lower() == "true"


def _destination(properties: Properties) -> tuple[str, str]:
    """The bucket, and the prefix with its last slash, or none where it is the whole bucket."""
    prefix = properties.get("DestinationBucketKeyPrefix", "").strip("/")
    return properties["DestinationBucketName"], f"{prefix}/" if prefix else ""


def _s3() -> Any:
    return client(services.scope(), "s3")


def _deploy(properties: Properties) -> Properties:
    if properties.get("DistributionId"):
        raise ValueError("A bucket deployment's CloudFront distribution is not emulated here.")
    bucket, prefix = _destination(properties)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _gather(properties, Path(folder))
            files = {
                prefix + name: path
                for name, path in _files(Path(folder))
                if _passes(properties, name)
            }
            for key, path in files.items():
                _s3().upload_file(str(path), bucket, key, ExtraArgs=_arguments(properties, path))
        if _says(properties, "Prune"):
            present = {
                key for key in _keys(bucket, prefix) if _passes(properties, key[len(prefix) :])
            }
            _delete_keys(bucket, present - set(files))
        return _attributes(properties, bucket, prefix)
    except (BotoCoreError, ClientError, BadZipFile) as error:
        raise ValueError(f"The bucket deployment failed: {error}") from error


def _gather(properties: Properties, folder: Path) -> None:
    """Unpack the sources into one folder, in order."""
    keys = properties["SourceObjectKeys"]
    none: list[Properties] = [{}] * len(keys)
    for source, key, markers, config in zip(
        properties["SourceBucketNames"],
        keys,
        properties.get("SourceMarkers") or none,
        properties.get("SourceMarkersConfig") or none,
        strict=True,
    ):
        if not _says(properties, "Extract"):
            _s3().download_file(source, key, str(folder / Path(key).name))
            continue
        with tempfile.TemporaryFile() as archive:
            _s3().download_fileobj(source, key, archive)
            with ZipFile(archive) as contents:
                contents.extractall(folder)
                names = [name for name in contents.namelist() if not name.endswith("/")]
        for name in names if markers else ():
            _fill_in(folder / name, markers, escape=_says(config, "jsonEscape", "false"))


def _fill_in(path: Path, markers: Properties, *, escape: bool) -> None:
    """Replace markers by the values that are known only at deployment."""
    content = path.read_bytes()
    for marker, value in markers.items():
        text = json.dumps(value) if escape else value
        inner = text[1:-1] if escape and isinstance(value, str) else text
        content = content.replace(marker.encode(), inner.encode())
    path.write_bytes(content)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def _passes(properties: Properties, name: str) -> bool:
    """Whether `aws s3 sync` includes a name: excludes come first, and the last match decides."""
    if any(fnmatchcase(name, pattern) for pattern in properties.get("Include") or ()):
        return True
    return not any(fnmatchcase(name, pattern) for pattern in properties.get("Exclude") or ())


def _arguments(properties: Properties, path: Path) -> Properties:
    guessed = mimetypes.guess_type(path.name)[0]
    found: Properties = {"ContentType": guessed} if guessed else {}
    for name, value in (properties.get("SystemMetadata") or {}).items():
        found[_SYSTEM_METADATA[name.lower()]] = value
    own = {name.lower(): value for name, value in (properties.get("UserMetadata") or {}).items()}
    return {**found, "Metadata": own} if own else found


def _attributes(properties: Properties, bucket: str, prefix: str) -> Properties:
    keys = properties["SourceObjectKeys"]
    attributes: Properties = {
        "SourceObjectKeys": keys if _says(properties, "OutputObjectKeys") else []
    }
    if "DestinationBucketArn" in properties:
        attributes["DestinationBucketArn"] = properties["DestinationBucketArn"]
    if _says(properties, "OutputObjectVersionIds", "false"):
        heads = [_s3().head_object(Bucket=bucket, Key=prefix + Path(key).name) for key in keys]
        attributes["SourceObjectVersionIds"] = [head.get("VersionId", "") for head in heads]
    return attributes


def _keys(bucket: str, prefix: str) -> Iterator[str]:
    for page in _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"]


def _remove(bucket: str, prefix: str) -> None:
    try:
        _delete_keys(bucket, set(_keys(bucket, prefix)))
    except ClientError as error:
        raise ValueError(f"The bucket deployment cannot be removed: {error}") from error


def _delete_keys(bucket: str, keys: set[str]) -> None:
    for key in sorted(keys):
        _s3().delete_object(Bucket=bucket, Key=key)


def _is_owned(bucket: str, prefix: str) -> bool:
    tag = f"{OWNED}:{prefix.rstrip('/')}" if prefix else OWNED
    try:
        tags = _s3().get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError:
        return False
    return any(one["Key"].startswith(tag) for one in tags)
