"""Where a model's bytes lie in S3, in each of the forms that SageMaker takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

MANIFEST_VARIABLE = "BERTH_MODEL_MANIFEST_SHA256"


@dataclass(frozen=True)
class ModelSource:
    """What a Model says of its data, and what its role has to read for that.

    key: an object of the bucket, or a prefix with `*` behind it.
    is_asset: whether the bucket is the CDK's, whose name can be guessed.
    """

    bucket: str
    key: str
    data_url: str | None = None
    data_source: sagemaker.CfnModel.ModelDataSourceProperty | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    is_asset: bool = False


def archive_asset(scope: Construct, id: str, *, archive: Path, manifest: str) -> ModelSource:
    """One archive, uploaded by `cdk deploy` under a name that is its content's hash."""
    asset = s3_assets.Asset(scope, id, path=str(archive))
    return ModelSource(
        bucket=asset.s3_bucket_name,
        key=asset.s3_object_key,
        data_url=asset.s3_object_url,
        environment={MANIFEST_VARIABLE: manifest},
        is_asset=True,
    )


def file_assets(stack: cdk.Stack, *, files: Mapping[str, Path], manifest: str) -> ModelSource:
    """The files as they are, under a prefix that is their manifest's hash.

    Each is an asset of its own, so that `cdk deploy` uploads it, and again only where it is
    missing: no Lambda function has to copy gigabytes. The asset's hash becomes the object's key
    (DefaultStackSynthesizer.addFileAsset), to which the suffix of the local file would be added;
    these have none.
    """
    prefix = f"models/{manifest}/"
    locations = [
        stack.synthesizer.add_file_asset(
            file_name=str(path),
            packaging=cdk.FileAssetPackaging.FILE,
            source_hash=f"{prefix}{name}",
            display_name=name,
        )
        for name, path in files.items()
    ]
    bucket = locations[0].bucket_name
    return ModelSource(
        bucket=bucket,
        key=f"{prefix}*",
        data_source=sagemaker.CfnModel.ModelDataSourceProperty(
            s3_data_source=sagemaker.CfnModel.S3DataSourceProperty(
                s3_uri=f"s3://{bucket}/{prefix}", s3_data_type="S3Prefix", compression_type="None"
            )
        ),
        environment={MANIFEST_VARIABLE: manifest},
        is_asset=True,
    )


def given_archive(*, s3_uri: str, manifest: str) -> ModelSource:
    """An archive that is in S3 already, as training leaves it."""
    bucket, _, key = s3_uri.removeprefix("s3://").partition("/")
    return ModelSource(
        bucket=bucket, key=key, data_url=s3_uri, environment={MANIFEST_VARIABLE: manifest}
    )


def archive_prefix(*, bucket: str, prefix: str) -> ModelSource:
    """Every archive under a prefix, now and later: a multi-model endpoint's.

    No hash can be pinned for what is not there yet. Each archive's own SHA256SUMS is checked; who
    may write under the prefix decides what is run.
    """
    return ModelSource(bucket=bucket, key=f"{prefix}*", data_url=f"s3://{bucket}/{prefix}")
