"""Models and endpoint configurations, stored as they were given."""

from localaws.json_api import refuse
from localaws.sagemaker import listing, registry_image, serverless
from localaws.sagemaker.multimodel import source
from localaws.sagemaker.state import STORE, Operations, Resource
from localaws.scope import Document, Scope


def create_model(scope: Scope, request: Document) -> Document:
    """CreateModel."""
    containers = [request["PrimaryContainer"]] if "PrimaryContainer" in request else []
    listed = request.get("Containers", [])
    refuse(
        bool(containers) == bool(listed),
        "Exactly one of PrimaryContainer and Containers must be given.",
    )
    for container in (*containers, *listed):
        refuse(
            ("Image" in container) == ("ModelPackageName" in container),
            "A container definition must have exactly one of Image and ModelPackageName.",
        )
        refuse(
            "ModelDataUrl" in container and "ModelDataSource" in container,
            "A container definition must not have both ModelDataUrl and ModelDataSource.",
        )
        source.check(container)
        registry_image.check(container.get("Image", ""))
    return _create("model", "Model", scope, request)


def only_container(model: Document) -> Document:
    """The container of a model's properties; ValidationException where it has several."""
    containers: list[Document] = model.get("Containers") or [model["PrimaryContainer"]]
    refuse(len(containers) > 1, "Models of several containers cannot run on this machine.")
    return containers[0]


def create_endpoint_config(scope: Scope, request: Document) -> Document:
    """CreateEndpointConfig."""
    production, shadows = request["ProductionVariants"], request.get("ShadowProductionVariants", [])
    refuse(
        shadows and (len(production), len(shadows)) != (1, 1),
        "An endpoint configuration with a shadow variant must have exactly one production and "
        f"one shadow variant, not {len(production)} and {len(shadows)}.",
    )
    variants = [*production, *shadows]
    names = [variant["VariantName"] for variant in variants]
    refuse(len(set(names)) < len(names), f"Variant names must be unique: {', '.join(names)}.")
    for variant in variants:
        _check_variant(scope, request, variant)
    return _create("endpoint-config", "EndpointConfig", scope, request)


def _check_variant(scope: Scope, config: Document, variant: Document) -> None:
    name = f"Variant {variant['VariantName']}"
    refuse(
        "ModelName" not in variant,
        f"{name} has no ModelName: this machine does not emulate inference components.",
    )
    model = STORE.get(scope, "model", variant["ModelName"])
    refuse(
        len({"InstanceType", "InstancePools", "ServerlessConfig"} & variant.keys()) != 1,
        f"{name} must have exactly one of InstanceType, InstancePools and ServerlessConfig.",
    )
    for pool in variant.get("InstancePools", []):
        if "ModelNameOverride" in pool:
            STORE.get(scope, "model", pool["ModelNameOverride"])
    if "ServerlessConfig" in variant:
        serverless.check(config, variant, model)
    else:
        refuse("InitialInstanceCount" not in variant, f"{name} must have InitialInstanceCount.")


def _create(kind: str, name: str, scope: Scope, request: Document) -> Document:
    properties = {key: value for key, value in request.items() if key != "Tags"}
    resource = Resource(scope, kind, request[f"{name}Name"], properties)
    STORE.add(resource, request.get("Tags", []))
    return {f"{name}Arn": resource.arn}


def _others(kind: str, name: str) -> Operations:
    """What is done with the resources of a kind once they are there."""
    key, arn = f"{name}Name", f"{name}Arn"

    def describe(scope: Scope, request: Document) -> Document:
        found = STORE.get(scope, kind, request[key])
        return {**found.properties, arn: found.arn, "CreationTime": found.created}

    def delete(scope: Scope, request: Document) -> Document:
        STORE.remove(STORE.get(scope, kind, request[key]))
        return {}

    def summarise(one: Resource) -> Document:
        return {key: one.name, arn: one.arn, "CreationTime": one.created}

    def list_all(scope: Scope, request: Document) -> Document:
        return listing.page(request, STORE.all(scope, kind).values(), summarise, f"{name}s")

    return {f"Describe{name}": describe, f"Delete{name}": delete, f"List{name}s": list_all}


OPERATIONS: Operations = {
    "CreateModel": create_model,
    **_others("model", "Model"),
    "CreateEndpointConfig": create_endpoint_config,
    **_others("endpoint-config", "EndpointConfig"),
}
