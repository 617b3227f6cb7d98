"""What is read of a cloud assembly's documents, held to the form that Berth's have.

A field that would have a program started, or something else than Berth deploys, has to be empty.
https://github.com/aws/aws-cdk-cli/tree/main/packages/@aws-cdk/cloud-assembly-schema
"""

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from aws.errors import AssemblyError


def _file_id(value: str) -> str:
    """The CDK's hash of a file; or of a model that is uploaded as it is, and a path in it."""
    hashed, *way = value.removeprefix("models/").split("/")
    is_model = value.startswith("models/") and not {"", ".", ".."} & set(way)
    if not _IS_HASH.fullmatch(hashed) or is_model != bool(way) or not value.isprintable():
        raise ValueError("no hash, and no file of a model")
    return value


_IS_HASH = re.compile(r"[0-9a-f]{64}")
_FileId = Annotated[str, AfterValidator(_file_id)]
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_TemplateFile = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,255}\.[a-z]+\.json$")]
_Tags = dict[Annotated[str, Field(max_length=128)], Annotated[str, Field(max_length=256)]]


class Part(BaseModel):
    """What is read of a document; its other keys are dropped."""


class StackProperties(Part):
    """Of a stack's artifact."""

    template_file: Annotated[_TemplateFile, Field(alias="templateFile")]
    stack_name: Annotated[str, Field(alias="stackName")]
    protected: Annotated[bool, Field(alias="terminationProtection")] = False
    tags: _Tags = {}
    parameters: Annotated[dict[str, str], Field(max_length=0)] = {}
    notifications: Annotated[list[str], Field(alias="notificationArns", max_length=0)] = []


class StackArtifact(Part):
    """An artifact `aws:cloudformation:stack`."""

    environment: Annotated[str, Field(pattern=r"^aws://[0-9]{12}/[a-z]{2}(-[a-z]+)+-[0-9]$")]
    properties: StackProperties
    dependencies: list[str] = []
    name: Annotated[str, Field(alias="displayName")]


class FileSource(Part):
    """Where the CDK finds a file."""

    path: str
    packaging: Literal["file", "zip"] = "file"
    executable: Annotated[list[str] | None, Field(max_length=0)] = None


class FileDestination(Part):
    """Where it lies in the account."""

    key: Annotated[str, Field(alias="objectKey", max_length=1024)]


class FileAsset(Part):
    """A file asset; Berth's have one destination."""

    source: FileSource
    destinations: Annotated[dict[str, FileDestination], Field(min_length=1, max_length=1)]


class ImageSource(Part):
    """What an image is built of."""

    arguments: Annotated[dict[str, str], Field(alias="dockerBuildArgs")] = {}
    platform: Annotated[str | None, Field(pattern=r"^[a-z0-9]+/[a-z0-9]+$")] = None
    executable: Annotated[list[str] | None, Field(max_length=0)] = None


class ImageDestination(Part):
    """Where it lies in the account."""

    tag: Annotated[str, Field(alias="imageTag", pattern=r"^[0-9a-f]{64}$")]


class ImageAsset(Part):
    """An image asset; Berth's have one destination."""

    source: ImageSource
    destinations: Annotated[dict[str, ImageDestination], Field(min_length=1, max_length=1)]


class Assets(Part):
    """An asset manifest."""

    files: dict[_FileId, FileAsset] = {}
    images: Annotated[dict[_Hash, ImageAsset], Field(alias="dockerImages")] = {}


_Parsed = TypeVar("_Parsed", bound=Part)


def parsed(model: type[_Parsed], document: Any, where: str) -> _Parsed:
    """A document as a model; AssemblyError says where it is none."""
    try:
        return model.model_validate(document, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise AssemblyError(f"{where}: {key}: {first['msg']}: {first['input']!r:.80}") from None
