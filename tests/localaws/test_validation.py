"""Requests against botocore's models."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.json_api import AwsError
from localaws.validation import coerce, service_model, validate

ROLE = "arn:aws:iam::111111111111:role/serving"
MODEL = {"ModelName": "m", "ExecutionRoleArn": ROLE}


def refusal(operation: str, request: dict[str, Any]) -> str:
    with pytest.raises(AwsError) as refused:
        validate("sagemaker", operation, request)
    return str(refused.value)


def test_a_request_that_fits_passes() -> None:
    validate("sagemaker", "CreateModel", MODEL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ModelName": None}, "Invalid type for parameter ModelName, value: None"),
        ({"ModelName": "a_b"}, "Member must satisfy regular expression pattern: [a-zA-Z0-9]"),
        ({"ModelName": "a" * 64}, "Member must have length less than or equal to 63"),
        ({"ModelName": 3}, "Invalid type for parameter ModelName, value: 3"),
        ({"PrimaryContainer": {"Mode": "x"}}, "at 'primaryContainer.mode' failed to satisfy"),
        ({"PrimaryContainer": {"Mode": "x"}}, "enum value set: [SingleModel, MultiModel]"),
        ({"Containers": [{"Image": "a b"}]}, "at 'containers.1.member.image'"),
        ({"Nmae": "m"}, 'Unknown parameter in input: "Nmae", must be one of: ModelName'),
        (
            {"EnableNetworkIsolation": 1},
            "Invalid type for parameter EnableNetworkIsolation, value: 1",
        ),
    ],
)
def test_each_violation_is_named_as_aws_names_it(change: dict[str, Any], message: str) -> None:
    assert message in refusal("CreateModel", MODEL | change)


def test_all_violations_are_counted() -> None:
    assert refusal("CreateModel", {"ModelName": "a_b", "ExecutionRoleArn": "x" * 20}).startswith(
        "2 validation errors detected: "
    )


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        (
            "InitialVariantWeight",
            float("nan"),
            "'productionVariants.1.member.initialVariantWeight",
        ),
        ("InitialInstanceCount", True, "'productionVariants.1.member.initialInstanceCount'"),
        ("InitialInstanceCount", 0, "ProductionVariants[0].InitialInstanceCount, value: 0"),
    ],
)
def test_numbers_have_bounds_and_are_finite(member: str, value: float, message: str) -> None:
    variants = [{"VariantName": "v", member: value}]
    request = {"EndpointConfigName": "c", "ProductionVariants": variants}
    assert message in refusal("CreateEndpointConfig", request)


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime", "application-autoscaling"])
def test_every_pattern_of_the_models_is_understood(service: str) -> None:
    model = service_model(service)
    for name in model.operation_names:
        assert model.operation_model(name)
    for name in model.shape_names:
        if pattern := model.shape_for(name).metadata.get("pattern"):
            from localaws.validation import _compiled

            _compiled(pattern)


@given(st.text())
def test_any_text_is_either_a_name_or_refused(name: str) -> None:
    # Independent of the pattern: SageMaker's names are letters, digits and inner hyphens.
    plain = name.isascii() and name.replace("-", "a").isalnum() and len(name) <= 63
    fits = plain and not name.startswith("-") and not name.endswith("-")
    if fits:
        validate("sagemaker", "CreateModel", MODEL | {"ModelName": name})
    else:
        refusal("CreateModel", MODEL | {"ModelName": name})


@given(st.integers(min_value=0, max_value=10**6), st.booleans(), st.text())
def test_what_cloudformation_hands_on_as_text_becomes_the_members_type(
    number: int, flag: bool, text: str
) -> None:
    coerced = coerce(
        "sagemaker",
        "ProductionVariant",
        {
            "InitialInstanceCount": str(number),
            "InitialVariantWeight": str(number),
            "EnableSSMAccess": str(flag).lower(),
            "VariantName": number,
            "Unknown": text,
        },
    )
    assert coerced == {
        "InitialInstanceCount": number,
        "InitialVariantWeight": float(number),
        "EnableSSMAccess": flag,
        "VariantName": str(number),
        "Unknown": text,
    }


def test_what_cannot_be_converted_is_left_for_the_validation() -> None:
    assert coerce("sagemaker", "ProductionVariant", {"InitialInstanceCount": "two"}) == {
        "InitialInstanceCount": "two"
    }
