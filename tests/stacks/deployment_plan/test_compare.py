"""Two templates, compared as CloudFormation would update one into the other."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.deployment_plan.compare import Action, Change, compare
from stacks.deployment_plan.intrinsics import references
from stacks.deployment_plan.resource_types import ResourceTypes
from tests.stacks.deployment_plan.templates import Template, resource, serving, variant

CREATE, UPDATE, REPLACE, DELETE = Action


def actions(changes: list[Change]) -> list[tuple[str, Action]]:
    return [(change.logical_id, change.action) for change in changes]


def test_the_same_template_changes_nothing(types: ResourceTypes) -> None:
    assert compare(serving(), serving(), types) == []


def test_another_model_replaces_all_that_names_it_up_to_the_endpoint(types: ResourceTypes) -> None:
    changes = compare(serving(), serving(model="s3://models/2.gz"), types)
    assert actions(changes) == [("Model", REPLACE), ("Config", REPLACE), ("Endpoint", UPDATE)]
    assert [change.differences[0].follows for change in changes] == [None, "Model", "Config"]


def test_a_role_that_changes_in_place_replaces_nothing_that_names_it(types: ResourceTypes) -> None:
    after = serving()
    after["Resources"]["Role"]["Properties"]["Description"] = "another"
    assert actions(compare(serving(), after, types)) == [("Role", UPDATE)]


def test_tags_of_a_model_change_in_place(types: ResourceTypes) -> None:
    after = serving()
    after["Resources"]["Model"]["Properties"]["Tags"] = [{"Key": "a", "Value": "b"}]
    assert actions(compare(serving(), after, types)) == [("Model", UPDATE)]


def test_what_is_new_comes_before_what_names_it_and_what_goes_comes_last(
    types: ResourceTypes,
) -> None:
    before = serving(Old=resource("AWS::SNS::Topic"), Older=resource("AWS::SQS::Queue"))
    before["Resources"]["Old"]["DependsOn"] = "Older"
    after = serving(Alarm=resource("AWS::CloudWatch::Alarm"))
    after["Resources"]["Endpoint"]["Properties"]["Tags"] = [{"Key": "a", "Value": {"Ref": "Alarm"}}]
    assert actions(compare(before, after, types)) == [
        ("Alarm", CREATE),
        ("Endpoint", UPDATE),
        ("Old", DELETE),
        ("Older", DELETE),
    ]


def test_a_difference_is_as_small_as_it_can_be(types: ResourceTypes) -> None:
    after = serving(variants=[variant(InstanceType="ml.g6.xlarge")])
    (difference,) = compare(serving(), after, types)[0].differences
    assert difference.path == ("ProductionVariants", "AllTraffic", "InstanceType")
    assert (difference.before, difference.after) == ("ml.g5.xlarge", "ml.g6.xlarge")


def test_items_with_names_are_compared_by_name_and_their_order_counts(
    types: ResourceTypes,
) -> None:
    def paths(before: list[str], after: list[str]) -> list[tuple[str, ...]]:
        old, new = (serving(variants=[*map(variant, names)]) for names in (before, after))
        return [each.path for each in compare(old, new, types)[0].differences]

    assert paths(["A", "B"], ["B"]) == [("ProductionVariants", "A")]
    assert paths(["A"], ["B", "A"]) == [("ProductionVariants", "B")]
    assert paths(["A", "B"], ["B", "A"]) == [("ProductionVariants",)]


def test_items_without_names_are_compared_by_place(types: ResourceTypes) -> None:
    def alarm(*actions: str) -> Template:
        return serving(Alarm=resource("AWS::CloudWatch::Alarm", AlarmActions=[*actions]))

    def paths(before: Template, after: Template) -> list[tuple[str, ...]]:
        return [each.path for each in compare(before, after, types)[0].differences]

    assert paths(alarm("a", "b"), alarm("a", "c")) == [("AlarmActions", "1")]
    assert paths(alarm("a"), alarm("a", "c")) == [("AlarmActions",)]


@pytest.mark.parametrize("section", ["Metadata", "DeletionPolicy", "DependsOn"])
def test_attributes_that_no_service_sees_change_no_resource(
    types: ResourceTypes, section: str
) -> None:
    after = serving()
    after["Resources"]["Endpoint"][section] = "Role"
    assert compare(serving(), after, types) == []


# Stacks of up to six resources, each of which may name earlier ones.
KINDS = {
    "AWS::SageMaker::Model": ("PrimaryContainer", "Tags"),
    "AWS::SageMaker::EndpointConfig": ("ProductionVariants", "Tags"),
    "AWS::SageMaker::Endpoint": ("EndpointConfigName", "EndpointName"),
    "AWS::IAM::Role": ("Path", "Description"),
}


@st.composite
def stacks(draw: st.DrawFn) -> Template:
    resources: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from("ABCDEF"), unique=True)):
        kind = draw(st.sampled_from(sorted(KINDS)))
        calls = [{"Fn::GetAtt": [each, "Arn"]} for each in resources]
        values: list[Any] = ["x", "y", *calls, *([{"Value": call}] for call in calls)]
        properties = draw(st.dictionaries(st.sampled_from(KINDS[kind]), st.sampled_from(values)))
        resources[name] = {"Type": kind, "Properties": properties}
    return {"Resources": resources}


@st.composite
def updates(draw: st.DrawFn) -> tuple[Template, Template]:
    before = draw(stacks())
    after = copy.deepcopy(before)
    for each in after["Resources"].values():
        for name in KINDS[each["Type"]]:
            if draw(st.booleans()):
                each["Properties"][name] = draw(st.sampled_from(["x", "y"]))
    return before, after


class CloudFormation:
    """Stacks as CloudFormation keeps them: every reference resolved to a physical id."""

    def __init__(self, types: ResourceTypes) -> None:
        self._types = types
        self._deployed: dict[str, tuple[Any, int]] = {}

    def deploy(self, template: Template) -> dict[str, Action]:
        """What is done to each resource that changes; they are listed in order of dependency."""
        done = {}
        for name, each in template["Resources"].items():
            properties = self._resolved(each["Properties"])
            old, generation = self._deployed.get(name, ({}, 0))
            changed = {key for key in old | properties if old.get(key) != properties.get(key)}
            replaces = any(self._types.replaces(each["Type"], key) for key in changed)
            if generation == 0:
                done[name] = CREATE
            elif changed:
                done[name] = REPLACE if replaces else UPDATE
            generation += generation == 0 or replaces
            self._deployed[name] = (properties, generation)
        return done

    def _resolved(self, value: Any) -> Any:
        match value:
            case {"Fn::GetAtt": [str(name), _]}:
                return f"{name} {self._deployed[name][1]}"
            case dict():
                return {key: self._resolved(item) for key, item in value.items()}
            case list():
                return [self._resolved(item) for item in value]
        return value


@given(updates())
def test_it_finds_what_deploying_both_does(
    types: ResourceTypes, update: tuple[Template, Template]
) -> None:
    before, after = update
    cloudformation = CloudFormation(types)
    cloudformation.deploy(before)
    assert dict(actions(compare(before, after, types))) == cloudformation.deploy(after)


@given(stacks(), stacks())
def test_nothing_comes_before_what_it_refers_to(
    types: ResourceTypes, before: Template, after: Template
) -> None:
    kept = [change for change in compare(before, after, types) if change.action != Action.DELETE]
    order = [change.logical_id for change in kept]
    for change in kept:
        for _, name in references(change.after["Properties"]):
            if name in order:
                assert order.index(name) < order.index(change.logical_id)
