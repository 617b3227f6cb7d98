"""What a value refers to, and how it reads."""

from typing import Any

import pytest

from stacks.deployment_plan.intrinsics import references, render

RESOURCES = {
    "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": {"EndpointName": "berth-dev"}},
    "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "slow"}},
    "Unnamed": {"Type": "AWS::CloudWatch::Alarm", "Properties": {}},
}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Model", []),
        ({"Ref": "A"}, ["A"]),
        ({"Fn::GetAtt": ["A", "Arn"]}, ["A"]),
        ({"Fn::GetAtt": "A.Arn"}, ["A"]),
        ({"Fn::Sub": "x-${A}-${B.Arn}-${!C}"}, ["A", "B"]),
        ({"Fn::Sub": ["${A}-${b}", {"b": {"Ref": "B"}}]}, ["A", "B"]),
        ({"Fn::Join": ["", ["x", {"Ref": "A"}, {"Fn::Select": [0, {"Ref": "B"}]}]]}, ["A", "B"]),
        ({"Fn::If": ["Chosen", {"Ref": "A"}, "x"]}, ["A"]),
    ],
)
def test_every_function_tells_what_it_refers_to(value: Any, names: list[str]) -> None:
    assert [name for _, name in references(value)] == names


def test_a_reference_has_the_path_of_its_outermost_function() -> None:
    value = {"Dimensions": [{"Value": {"Fn::Join": ["", [{"Ref": "A"}]]}}]}
    assert list(references(value)) == [(("Dimensions", "0", "Value"), "A")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (5, "5"),
        (True, "true"),
        ({"Fn::GetAtt": ["Endpoint", "EndpointName"]}, "berth-dev"),
        ({"Ref": "Alarm"}, "slow"),
        ({"Ref": "Unnamed"}, "Unnamed"),
        ({"Fn::GetAtt": ["Unnamed", "Arn"]}, "Unnamed.Arn"),
        ({"Fn::Sub": "${AWS::Region}.${Endpoint.EndpointName}"}, "AWS::Region.berth-dev"),
        ({"Fn::Sub": ["${x}!", {"x": {"Ref": "Alarm"}}]}, "slow!"),
        ({"Fn::Join": ["/", ["endpoint", {"Ref": "Endpoint"}]]}, "endpoint/berth-dev"),
        ({"Fn::Split": [",", "a,b"]}, '{"Fn::Split": [",", "a,b"]}'),
    ],
)
def test_a_value_reads_with_the_names_that_the_template_gives(value: Any, text: str) -> None:
    assert render(value, RESOURCES) == text
