"""Every operation's request is held against botocore's service model."""

import copy
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localaws.json_api import AwsError, parse
from localaws.sagemaker import control
from localaws.scope import Scope

names = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,30}", fullmatch=True)
variables = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,30}", fullmatch=True)
texts = st.text(string.ascii_letters + string.digits + "/._", max_size=100)

models = st.fixed_dictionaries(
    {
        "ModelName": names,
        "PrimaryContainer": st.fixed_dictionaries(
            {
                "Image": st.text(string.ascii_lowercase, min_size=1, max_size=255),
                "ModelDataUrl": texts.map(lambda key: f"s3://bucket/{key}"),
                "Environment": st.dictionaries(variables, texts, max_size=5),
            }
        ),
        "ExecutionRoleArn": names.map(lambda name: f"arn:aws:iam::111111111111:role/{name}"),
        "EnableNetworkIsolation": st.booleans(),
        "Tags": st.lists(st.fixed_dictionaries({"Key": names, "Value": texts}), max_size=5),
    }
)

WRONG: dict[tuple[str, ...], Any] = {
    ("ModelName",): ["", "-a", "a_b", "a" * 64, 7, None, ["a"]],
    ("PrimaryContainer", "Image"): ["", "with space", "i" * 256, 1],
    ("PrimaryContainer", "ModelDataUrl"): [
        "ftp://bucket/key",
        "s3:/bucket",
        "s3://b/" + "k" * 1024,
    ],
    ("PrimaryContainer", "Mode"): ["MultipleModels", "", "singlemodel"],
    ("PrimaryContainer", "Environment"): [
        {"1name": "begins with a digit"},
        {"name": "v" * 1025},
        {f"n{number}": "" for number in range(101)},
        {"name": 1},
        ["name"],
    ],
    ("ExecutionRoleArn",): ["role", "arn:aws:iam::1:role/short-account"],
    ("EnableNetworkIsolation",): ["true", 1],
    ("Tags",): [[{"Key": "", "Value": ""}], [{"Key": "k"}], [{"Key": "k", "Value": "!"}], {}],
    ("ModelNam",): ["misspelt"],
}

one_wrong = st.sampled_from([(path, value) for path, values in WRONG.items() for value in values])


@given(request=models)
@settings(max_examples=settings().max_examples // 2, deadline=None)
def test_a_request_within_the_model_is_accepted(request: dict[str, Any]) -> None:
    scope = Scope(account=str(id(request)), region="eu-central-1")
    answer = control.call(scope, "CreateModel", copy.deepcopy(request))
    described = control.call(scope, "DescribeModel", {"ModelName": request["ModelName"]})
    kept = {key: value for key, value in request.items() if key != "Tags"}
    assert {key: described[key] for key in kept} == kept
    assert described["ModelArn"] == answer["ModelArn"]
    assert control.call(scope, "DeleteModel", {"ModelName": request["ModelName"]}) == {}


@given(request=models, wrong=one_wrong)
@settings(deadline=None)
def test_one_broken_constraint_is_a_validation_exception(
    request: dict[str, Any], wrong: tuple[tuple[str, ...], Any]
) -> None:
    path, value = wrong
    broken = copy.deepcopy(request)
    holder = broken
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    scope = Scope(account="validation", region="eu-central-1")
    with pytest.raises(AwsError) as caught:
        control.call(scope, "CreateModel", broken)
    assert caught.value.code == "ValidationException"
    assert caught.value.message.startswith(("1 validation error", "2 validation errors"))
    assert control.call(scope, "ListModels", {})["Models"] == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        parse(body)
    assert caught.value.code == "SerializationException"
