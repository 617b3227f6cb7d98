"""What every part of a document has in common: of a release, and of a golden set."""

from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Time = Annotated[AwareDatetime, AfterValidator(lambda time: time.astimezone(UTC))]


class DocumentPart(BaseModel):
    """Frozen; a key that another version of Berth wrote is kept, and written back."""

    # A document has every key: what has a default is written, too.
    model_config = ConfigDict(
        frozen=True, extra="allow", json_schema_serialization_defaults_required=True
    )


def first_mistake(error: ValidationError) -> str:
    """The first thing that is wrong with a document, by its key."""
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"]))
    return f"{key}: {first['msg']}" if key else first["msg"]
