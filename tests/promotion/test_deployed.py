"""What is deployed, beside the templates of an assembly; CloudFormation is made up."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from promotion import PromotionError
from promotion.deployed import check_templates

TEMPLATE = {
    "Description": "a stack",
    "Metadata": {"Berth": {"version": "0.1.0"}},
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"of": "the resource"}}},
}


def stage_with(template: dict[str, Any]) -> Any:
    client = SimpleNamespace(
        describe_stacks=lambda **_: {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]},
        get_template=lambda **_: {"TemplateBody": template},
    )
    return cast(Any, SimpleNamespace(client=lambda *_: client, cloudformation=client))


def test_a_template_whose_metadata_alone_differs_is_the_deployed_one() -> None:
    later = TEMPLATE | {"Metadata": {"Berth": {"version": "0.2.0"}}, "Description": "the stack"}
    check_templates(stage_with(TEMPLATE), {"berth-dev-storage": later})
    check_templates(stage_with({"Resources": TEMPLATE["Resources"]}), {"berth-dev-storage": later})


def test_a_template_with_another_resource_is_not() -> None:
    resource = {"Type": "AWS::SNS::Topic", "Metadata": {"of": "another"}}
    later = TEMPLATE | {"Resources": {"Topic": resource}}
    with pytest.raises(PromotionError, match="is not the deployed one"):
        check_templates(stage_with(TEMPLATE), {"berth-dev-storage": later})
