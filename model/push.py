"""Model archives in a stage's bucket, for an endpoint of many models: no deployment is needed.

A multi-model endpoint finds `models/NAME.tar.gz` at the first call with TargetModel=NAME.tar.gz.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aws.errors import CallError, in_one_line
from aws.stage import Stage
from model import PushError
from model.packing import Progress, pack

_PREFIX = "models/"
_SUFFIX = ".tar.gz"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Pushed:
    """An archive in the bucket: its URI, size in bytes, SHA-256, and whether it was there."""

    uri: str
    size: int
    sha256: str
    was_there: bool


class Models:
    """The archives of a stage.

    Raises:
        AwsError: where the stage has no bucket yet; and from every method where AWS refuses the
            call.
    """

    def __init__(self, stage: Stage) -> None:
        self.bucket, self._s3 = stage.bucket, stage.client("s3")

    def push(self, name: str, folder: Path, on_packed: Progress, on_sent: Progress) -> Pushed:
        """Pack a model folder and upload it. The callbacks are told bytes, as they are done.

        Another model under a name that is there is refused: instances may still hold the old one
        and would answer with it.
        https://docs.aws.amazon.com/sagemaker/latest/dg/add-models-to-endpoint.html

        Raises:
            ModelFolderError: where the folder cannot be packed.
        """
        key = _key(name)
        with tempfile.TemporaryDirectory() as scratch, in_one_line():
            packed = pack(folder, Path(scratch) / "model.tar.gz", on_bytes=on_packed)
            there = self._sha256_of(key)
            if there not in (None, packed.sha256):
                raise PushError(
                    f"{name}: another model has this name in {self.bucket}, and instances may hold "
                    f"it; push under a new name, as {name}-2"
                )
            if there is None:
                self._s3.upload_file(
                    str(packed.path),
                    self.bucket,
                    key,
                    # S3 computes it anew for each part that arrives, and refuses what differs.
                    ExtraArgs={
                        "ChecksumAlgorithm": "SHA256",
                        "Metadata": {"sha256": packed.sha256},
                    },
                    Callback=on_sent,
                )
        uri = f"s3://{self.bucket}/{key}"
        return Pushed(uri, packed.size, packed.sha256, was_there=there is not None)

    def names(self) -> list[tuple[str, int]]:
        """Name and size in bytes of every archive, by name."""
        with in_one_line():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=_PREFIX
            )
            objects = [found for page in pages for found in page.get("Contents", [])]
        return [
            (found["Key"].removeprefix(_PREFIX).removesuffix(_SUFFIX), found["Size"])
            for found in objects
            if found["Key"].endswith(_SUFFIX)
        ]

    def remove(self, name: str) -> None:
        """Take an archive away; a versioned bucket keeps it as an older version."""
        key = _key(name)
        with in_one_line():
            if self._sha256_of(key) is None:
                raise PushError(f"{name}: no such model in {self.bucket}; --list shows what is")
            self._s3.delete_object(Bucket=self.bucket, Key=key)

    def _sha256_of(self, key: str) -> str | None:
        """None where there is no such object, empty where something else put it there."""
        try:
            with in_one_line():
                found = self._s3.head_object(Bucket=self.bucket, Key=key)
        except CallError as error:
            if error.code == "404":
                return None
            raise
        return str(found["Metadata"].get("sha256", ""))


def _key(name: str) -> str:
    if not _NAME.fullmatch(name) or name.endswith(_SUFFIX):
        raise PushError(
            f"{name}: no name for a model; letters, digits, dots, hyphens and underscores, up to "
            f"200, and without {_SUFFIX}"
        )
    return f"{_PREFIX}{name}{_SUFFIX}"
