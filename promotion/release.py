"""A release: what a stage runs, by content. `release.schema.json` is made from these models."""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from promotion.document import DocumentPart, Sha256, Time
from promotion.evidence import Verification
from promotion.moving.parts import Digests

RELEASE_ID = r"^[a-z][a-z0-9]{0,15}-[0-9]{6}$"

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
ReleaseId = Annotated[str, Field(pattern=RELEASE_ID)]


class Source(DocumentPart):
    """The checkout that the release was recorded from."""

    commit: Annotated[
        str | None,
        Field(pattern=r"^[0-9a-f]{40,64}$", description="null where it was no git checkout"),
    ]
    clean: Annotated[bool, Field(description="whether it held nothing but the commit")]


class Image(DocumentPart):
    """A container image in ECR."""

    registry: Annotated[str, Field(pattern=r"^[0-9]{12}$", description="the account that has it")]
    region: str
    repository: str
    tag: Annotated[str | None, Field(description="the asset's hash where CDK built it")]
    digest: Digest

    @property
    def uri(self) -> str:
        """Its repository, as a container engine names it."""
        suffix = ".cn" if self.region.startswith("cn-") else ""
        return f"{self.registry}.dkr.ecr.{self.region}.amazonaws.com{suffix}/{self.repository}"


class Content(DocumentPart):
    """The bytes of an object in S3."""

    version: Annotated[str | None, Field(description="of the object; null in a bucket without")]
    sha256: Sha256
    parts_sha256: Annotated[
        Sha256,
        Field(description="of the SHA-256s of its parts of 8 MiB; S3 knows large objects by it"),
    ]
    size: Annotated[int, Field(ge=0, description="bytes")]

    @property
    def digests(self) -> Digests:
        """The digests by which a copy of these bytes is proven."""
        return Digests(self.sha256, self.parts_sha256)


class Model(DocumentPart):
    """A SageMaker Model."""

    logical_id: Annotated[str, Field(description="in the serving stack's template")]
    image: Annotated[Digest, Field(description="which of the release's images")]
    data: Annotated[str | None, Field(description="the S3 URI of the object or prefix")]
    manifest_sha256: Annotated[
        Sha256 | None,
        Field(description="of the model's SHA256SUMS, pinned in the template; null where none is"),
    ]
    archive: Annotated[Content | None, Field(description="null where the data is a prefix")]


class Asset(DocumentPart):
    """A file that the stage's templates expect in the CDK's asset bucket."""

    id: Annotated[str, Field(description="the CDK's hash of it")]
    bucket: str
    key: str
    content: Content


class Assembly(DocumentPart):
    """The cloud assembly of all stages, zipped without its assets, in the stage's bucket."""

    key: str
    sha256: Sha256


class Lineage(DocumentPart):
    """Where a release came from: one of the stage before, or a former one of the same stage."""

    stage: str
    release: Annotated[
        ReleaseId | None, Field(description="null where a trained model came by itself")
    ]
    model: Annotated[
        str | None, Field(description="the SageMaker model or model package that it was")
    ] = None
    forced: Annotated[
        str | None, Field(description="why it was promoted without evidence that it passed")
    ] = None
    broadened: Annotated[
        str | None, Field(description="why the stage may do more with it than before")
    ] = None

    def is_as(self, other: "Lineage") -> bool:
        """Whether both name the same origin."""
        return (self.stage, self.release, self.model) == (other.stage, other.release, other.model)

    def __str__(self) -> str:
        return self.release or f"{self.model} of {self.stage}"


class Release(DocumentPart):
    """What a stage ran when it was recorded."""

    schema_version: Literal[1] = 1
    id: Annotated[ReleaseId, Field(description="the stage, and a number that counts up")]
    project: str
    stage: str
    account: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    region: str
    recorded: Annotated[Time, Field(description="when, in UTC")]
    source: Source
    images: tuple[Image, ...]
    models: tuple[Model, ...]
    assets: Annotated[tuple[Asset, ...], Field(description="without the templates")]
    settings: Annotated[
        dict[str, JsonValue],
        Field(description="the stage's table of stages.toml, defaults filled in"),
    ]
    templates: Annotated[
        dict[str, Sha256],
        Field(description="by stack: SHA-256 of the template as canonical JSON"),
    ]
    assembly: Assembly
    endpoint_config: Annotated[
        str | None, Field(description="the one that served; null where the stage has no endpoint")
    ]
    golden: Annotated[
        Sha256 | None,
        Field(description="of the main model's golden.jsonl; null where it has none"),
    ] = None
    example: Annotated[
        Sha256 | None,
        Field(description="of the request that is sent without a golden set; null where none is"),
    ] = None
    lineage: Lineage | None = None
    berth_version: Annotated[
        str | None,
        Field(description="of the Berth that made the templates; null where they do not say it"),
    ] = None
    evidence: Annotated[tuple[Verification, ...], Field(description="the latest last")] = ()

    @property
    def latest_evidence(self) -> Verification | None:
        """The verification that counts."""
        return self.evidence[-1] if self.evidence else None

    @property
    def has_failed(self) -> bool:
        """Whether its latest evidence says that it did not pass."""
        return self.latest_evidence is not None and not self.latest_evidence.passed

    def runs_the_same_as(self, other: "Release") -> bool:
        """Whether both releases are the same but for when, from what and how they were recorded."""
        beside = {"id", "recorded", "source", "lineage", "evidence"}
        return self.model_dump(exclude=beside) == other.model_dump(exclude=beside)


def canonical_sha256(document: Any) -> str:
    """SHA-256 of a JSON document, the same for whatever order and spacing it was written in."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def schema() -> str:
    """The JSON schema of a release, as release.schema.json has it."""
    return json.dumps(Release.model_json_schema(mode="serialization"), indent=2) + "\n"
