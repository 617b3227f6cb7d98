"""Which property change replaces a resource, and which types hold data.

Both come from the pinned CDK CLI's own database of CloudFormation's resource types, by which
`cdk diff` judges: no table of them is kept by hand.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

DATABASE = Path("node_modules", "aws-cdk", "db.json.gz")

# The database leaves topics out; who subscribed to one has confirmed it by hand.
_TOPIC = "AWS::SNS::Topic"


class NoResourceTypesError(Exception):
    """The CDK CLI's database is not there, or not as it was; the text is one line."""


@dataclass(frozen=True)
class ResourceTypes:
    """Properties whose change replaces, by type, and the types that hold data."""

    replacing: Mapping[str, frozenset[str]]
    holding_data: frozenset[str]

    @classmethod
    def read(cls, project: Path) -> Self:
        """Read the database of the CLI that is installed in the project's folder; 0.6 s.

        Raises NoResourceTypesError where there is none that can be read.
        """
        try:
            database = json.loads(gzip.decompress((project / DATABASE).read_bytes()))
            entities = database["schema"]["resource"]["entities"]
            return cls(
                replacing={
                    entity["cloudFormationType"]: _replacing(entity["properties"])
                    for entity in entities
                },
                holding_data=frozenset(
                    entity["cloudFormationType"] for entity in entities if entity.get("isStateful")
                )
                | {_TOPIC},
            )
        except FileNotFoundError:
            raise NoResourceTypesError(f"{DATABASE}: no such file; run `make setup`") from None
        except (OSError, ValueError, LookupError) as error:
            raise NoResourceTypesError(
                f"{DATABASE}: not the database that this version reads: {error!r}"
            ) from None

    def replaces(self, resource_type: str, name: str) -> bool:
        """Whether a change of this property replaces the resource.

        True, too, where CloudFormation decides only at the update (a VPC's InstanceTenancy).
        """
        return name in self.replacing.get(resource_type, frozenset())


def _replacing(properties: Mapping[str, Mapping[str, object]]) -> frozenset[str]:
    return frozenset(
        name
        for name, described in properties.items()
        if described.get("causesReplacement", "no") != "no"
    )
