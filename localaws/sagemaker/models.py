"""Models and endpoint configurations, stored as they were given."""

from collections.abc import Callable

from localaws.json_api import AwsError
from localaws.sagemaker import listing, registry_image, serverless
from localaws.sagemaker.multimodel import source
from localaws.sagemaker.state import STORE, Resource
from localaws.scope import Document, Scope


def create_model(scope: Scope, request: Document) -> Document:
    """CreateModel."""
    containers = [request["PrimaryContainer"]] if "PrimaryContainer" in request else []
    listed = request.get("Containers", [])
    if bool(containers) == bool(listed):
        raise AwsError.validation("Exactly one of PrimaryContainer and Containers must be given.")
    for container in (*containers, *listed):
        if ("Image" in container) == ("ModelPackageName" in container):
            raise AwsError.validation(
                "A container definition must have exactly one of Image and ModelPackageName."
            )
        if "ModelDataUrl" in container and "ModelDataSource" in container:
            raise AwsError.validation(
                "A container definition must not have both ModelDataUrl and ModelDataSource."
            )
        source.check(container)
        if "Image" in container:
            registry_image.check(container["Image"])
    return _create("model", "ModelName", "ModelArn")(scope, request)


def only_container(model: Document) -> Document:
    """The container of a model's properties; ValidationException where it has several."""
    containers: list[Document] = model.get("Containers") or [model["PrimaryContainer"]]
    if len(containers) > 1:
        raise AwsError.validation("Models of several containers cannot run on this machine.")
    return containers[0]


def create_endpoint_config(scope: Scope, request: Document) -> Document:
    """CreateEndpointConfig."""
    production, shadows = request["ProductionVariants"], request.get("ShadowProductionVariants", [])
    if shadows and (len(production), len(shadows)) != (1, 1):
        raise AwsError.validation(
            "An endpoint configuration with a shadow variant must have exactly one production and "
            f"one shadow variant, not {len(production)} and {len(shadows)}."
        )
    variants = [*production, *shadows]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise AwsError.validation(f"Variant names must be unique: {', '.join(names)}.")
    for variant in variants:
        _check_variant(scope, request, variant)
    return _create("endpoint-config", "EndpointConfigName", "EndpointConfigArn")(scope, request)


def _check_variant(scope: Scope, config: Document, variant: Document) -> None:
    name = variant["VariantName"]
    if "ModelName" not in variant:
        raise AwsError.validation(
            f"Variant {name} has no ModelName: this machine does not emulate inference components."
        )
    model = STORE.get(scope, "model", variant["ModelName"])
    ways = {"InstanceType", "InstancePools", "ServerlessConfig"} & variant.keys()
    if len(ways) != 1:
        raise AwsError.validation(
            f"Variant {name} must have exactly one of InstanceType, InstancePools and "
            "ServerlessConfig."
        )
    for pool in variant.get("InstancePools", []):
        if "ModelNameOverride" in pool:
            STORE.get(scope, "model", pool["ModelNameOverride"])
    sized = "ServerlessConfig" not in variant
    if sized and "InitialInstanceCount" not in variant:
        raise AwsError.validation(f"Variant {name} must have InitialInstanceCount.")
    if not sized:
        serverless.check(config, variant, model)


def _create(kind: str, key: str, arn: str) -> Callable[[Scope, Document], Document]:
    def create(scope: Scope, request: Document) -> Document:
        properties = {name: value for name, value in request.items() if name != "Tags"}
        resource = Resource(scope, kind, request[key], properties)
        STORE.add(resource, request.get("Tags", []))
        return {arn: resource.arn}

    return create


def _describe(kind: str, key: str, arn: str) -> Callable[[Scope, Document], Document]:
    def describe(scope: Scope, request: Document) -> Document:
        found = STORE.get(scope, kind, request[key])
        return {**found.properties, arn: found.arn, "CreationTime": found.created}

    return describe


def _delete(kind: str, key: str) -> Callable[[Scope, Document], Document]:
    def delete(scope: Scope, request: Document) -> Document:
        STORE.remove(STORE.get(scope, kind, request[key]))
        return {}

    return delete


def _list(kind: str, key: str, arn: str, member: str) -> Callable[[Scope, Document], Document]:
    def summarise(one: Resource) -> Document:
        return {key: one.name, arn: one.arn, "CreationTime": one.created}

    def list_all(scope: Scope, request: Document) -> Document:
        return listing.page(request, list(STORE.all(scope, kind).values()), summarise, member)

    return list_all


OPERATIONS: dict[str, Callable[[Scope, Document], Document]] = {
    "CreateModel": create_model,
    "DescribeModel": _describe("model", "ModelName", "ModelArn"),
    "ListModels": _list("model", "ModelName", "ModelArn", "Models"),
    "DeleteModel": _delete("model", "ModelName"),
    "CreateEndpointConfig": create_endpoint_config,
    "DescribeEndpointConfig": _describe(
        "endpoint-config", "EndpointConfigName", "EndpointConfigArn"
    ),
    "ListEndpointConfigs": _list(
        "endpoint-config", "EndpointConfigName", "EndpointConfigArn", "EndpointConfigs"
    ),
    "DeleteEndpointConfig": _delete("endpoint-config", "EndpointConfigName"),
}
