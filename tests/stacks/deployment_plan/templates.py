"""A small serving stack to change: what a real one has, without the rest."""

from typing import Any

Template = dict[str, Any]
Resource = dict[str, Any]

ENDPOINT_NAME = {"Fn::GetAtt": ["Endpoint", "EndpointName"]}


def resource(
    resource_type: str, *, policies: dict[str, str] | None = None, **properties: Any
) -> Resource:
    return {"Type": resource_type, "Properties": properties, **(policies or {})}


def variant(name: str = "AllTraffic", **properties: Any) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.g5.xlarge",
        "InitialInstanceCount": 2,
        "InitialVariantWeight": 1,
        **properties,
    }


def target(variant_name: str = "AllTraffic") -> Resource:
    return resource(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        ResourceId={"Fn::Join": ["", ["endpoint/", ENDPOINT_NAME, f"/variant/{variant_name}"]]},
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        ServiceNamespace="sagemaker",
        MinCapacity=2,
        MaxCapacity=6,
    )


def serving(
    *,
    image: Any = "an-image:1",
    model: str = "s3://models/1.gz",
    variants: list[dict[str, Any]] | None = None,
    scaled: bool = True,
    endpoint: dict[str, Any] | None = None,
    **others: Resource,
) -> Template:
    """Role, Model, EndpointConfig, Endpoint, and a scaling target where `scaled`."""
    resources = {
        "Role": resource("AWS::IAM::Role"),
        "Model": resource(
            "AWS::SageMaker::Model",
            ExecutionRoleArn={"Fn::GetAtt": ["Role", "Arn"]},
            PrimaryContainer={"Image": image, "ModelDataUrl": model},
        ),
        "Config": resource(
            "AWS::SageMaker::EndpointConfig",
            ProductionVariants=[variant()] if variants is None else variants,
        ),
        "Endpoint": resource(
            "AWS::SageMaker::Endpoint",
            EndpointName="berth-prod",
            EndpointConfigName={"Fn::GetAtt": ["Config", "EndpointConfigName"]},
            RetainAllVariantProperties=True,
            **(endpoint or {}),
        ),
        **others,
    }
    return {"Resources": resources | ({"Target": target()} if scaled else {})}
