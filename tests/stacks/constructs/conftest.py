"""A stack around one construct, and what CloudFormation would be given of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from tests.stacks.linting import lint_files

ACCOUNT = "111111111111"
REGION = "eu-central-1"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"

Template = dict[str, Any]
Synthesize = Callable[[Callable[[cdk.Stack], object]], "Synthesized"]


class Synthesized:
    """A template, asked for its resources by type."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.resources: Template = json.loads(file.read_text())["Resources"]

    def all(self, type_name: str) -> dict[str, Template]:
        """Properties by logical id."""
        return {
            logical_id: resource["Properties"]
            for logical_id, resource in self.resources.items()
            if resource["Type"] == type_name
        }

    def only(self, type_name: str) -> Template:
        (properties,) = self.all(type_name).values()
        return properties

    def lint(self) -> list[str]:
        """What cfn-lint has to say."""
        return lint_files([self.file], REGION)


@pytest.fixture(scope="session")
def synthesize(context: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """Synthesize a stack that the given function fills."""

    def run(fill: Callable[[cdk.Stack], object]) -> Synthesized:
        folder = tmp_path_factory.mktemp("assembly")
        app = cdk.App(outdir=str(folder), context=context, analytics_reporting=False)
        stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
        fill(stack)
        app.synth()
        return Synthesized(folder / "Stack.template.json")

    return run


def key_of(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", KEY_ARN)
