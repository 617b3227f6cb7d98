"""The resource types of the installed CDK CLI."""

from pathlib import Path

import pytest

from stacks.deployment_plan.resource_types import ResourceTypes


@pytest.fixture(scope="session")
def types(root: Path) -> ResourceTypes:
    return ResourceTypes.read(root)
