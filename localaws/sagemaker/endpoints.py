"""The operations on endpoints: checked here, carried out by `hosting` in the background."""

from dataclasses import replace

from localaws.json_api import refuse
from localaws.sagemaker import guards, hosting, listing, models, pools, serverless
from localaws.sagemaker.specs import VariantSpec, shadow_of
from localaws.sagemaker.state import STORE, Endpoint, Operations, Resource
from localaws.sagemaker.summaries import SERVERLESS, described, fresh
from localaws.scope import Document, Scope

_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


def create(scope: Scope, request: Document) -> tuple[Endpoint, hosting.Done]:
    """Begin CreateEndpoint: the new endpoint, and the future of its coming into service."""
    config = STORE.get(scope, "endpoint-config", request["EndpointConfigName"])
    specs = _specs(scope, config)
    variants = [fresh(spec) for spec in specs]
    endpoint = Endpoint(scope, "endpoint", request["EndpointName"], _asked(request))
    endpoint.serving, endpoint.variants = config.name, variants
    endpoint.configurations[config.name] = config.properties
    endpoint.shadow = shadow_of(specs)
    guards.check_deployment(scope, request.get("DeploymentConfig", {}), specs, variants)
    STORE.add(endpoint, request.get("Tags", []))
    return endpoint, hosting.create(endpoint, specs, variants)


def update(scope: Scope, request: Document) -> tuple[Endpoint, hosting.Done]:
    """Begin UpdateEndpoint: the endpoint, and the future of its new configuration serving."""
    with STORE.lock:
        endpoint = _serving(scope, request["EndpointName"])
        config = STORE.get(scope, "endpoint-config", request["EndpointConfigName"])
        _check_same_mode(endpoint, config)
        specs = _specs(scope, config)
        variants = [fresh(spec) for spec in specs]
        if request.get("RetainAllVariantProperties"):
            excluded = request.get("ExcludeRetainedVariantProperties", [])
            dropped = {one["VariantPropertyType"] for one in excluded}
            variants = [_retained(one, endpoint, dropped) for one in variants]
        kept = endpoint.properties if request.get("RetainDeploymentConfig") else {}
        wanted = {**kept, **_asked(request)}
        before = {one["VariantName"] for one in endpoint.variants} - {endpoint.shadow}
        deployment = wanted.get("DeploymentConfig", {})
        guards.check_deployment(scope, deployment, specs, variants, before)
        guards.check_scaling(endpoint, specs)
        endpoint.properties = wanted
        endpoint.configurations[config.name] = config.properties
        return endpoint, hosting.update(endpoint, specs, variants)


def update_capacities(scope: Scope, request: Document) -> tuple[Endpoint, hosting.Done]:
    """Begin UpdateEndpointWeightsAndCapacities."""
    with STORE.lock:
        endpoint = _serving(scope, request["EndpointName"])
        variants = changed(endpoint, request["DesiredWeightsAndCapacities"])
        endpoint.variants = variants
        return endpoint, hosting.scale(endpoint, variants)


def delete(scope: Scope, name: str) -> tuple[Endpoint, hosting.Done]:
    """Begin DeleteEndpoint; the future is done once every process has ended."""
    with STORE.lock:
        endpoint = _settled(scope, name)
        return endpoint, hosting.delete(endpoint)


def _settled(scope: Scope, name: str) -> Endpoint:
    endpoint = STORE.endpoint(scope, name)
    refuse(endpoint.status in _BUSY, f'Cannot update in-progress endpoint "{endpoint.arn}".')
    return endpoint


def _serving(scope: Scope, name: str) -> Endpoint:
    endpoint = _settled(scope, name)
    refuse(
        endpoint.status != "InService",
        f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.status}: delete it first.',
    )
    return endpoint


def _check_same_mode(endpoint: Endpoint, config: Resource) -> None:
    """An asynchronous endpoint stays asynchronous, and a real-time one real-time."""
    key = "AsyncInferenceConfig"
    was, becomes = (key in one for one in (endpoint.configuration, config.properties))
    refuse(
        was != becomes,
        f"The {key} parameter cannot be {'removed from' if was else 'added to'} this endpoint "
        f"{endpoint.name}. Create a new endpoint instead.",
    )


def _asked(request: Document) -> Document:
    return {
        key: request[key] for key in ("EndpointConfigName", "DeploymentConfig") if key in request
    }


def _specs(scope: Scope, config: Resource) -> list[VariantSpec]:
    """What each variant runs."""
    shadows = config.properties.get("ShadowProductionVariants", [])
    return [
        *(_spec(scope, config, one) for one in config.properties["ProductionVariants"]),
        *(replace(_spec(scope, config, one), is_shadow=True) for one in shadows),
    ]


def _spec(scope: Scope, config: Resource, variant: Document) -> VariantSpec:
    pool = pools.choose(variant)
    name = pool.model if pool else variant["ModelName"]
    model = STORE.get(scope, "model", name).properties
    isolated = any(one.get("EnableNetworkIsolation") for one in (model, config.properties))
    return VariantSpec(variant, models.only_container(model), isolated, pool)


def _retained(fresh: Document, endpoint: Endpoint, dropped: set[str]) -> Document:
    """A new variant with the present weight and count of the variant of its name."""
    for old in endpoint.variants:
        if old["VariantName"] == fresh["VariantName"]:
            kept = {"DesiredWeight", "DesiredInstanceCount"} - dropped
            return {**fresh, **{key: old[key] for key in kept}}
    return fresh


def describe(scope: Scope, request: Document) -> Document:
    """DescribeEndpoint."""
    endpoint = STORE.endpoint(scope, request["EndpointName"])
    response: Document = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.serving,
        **described(endpoint.variants, endpoint.shadow),
        "EndpointStatus": endpoint.status,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
    }
    if endpoint.failure:
        response["FailureReason"] = endpoint.failure
    if "AsyncInferenceConfig" in endpoint.configuration:
        response["AsyncInferenceConfig"] = endpoint.configuration["AsyncInferenceConfig"]
    if endpoint.pending:
        response["PendingDeploymentSummary"] = endpoint.pending
    if "DeploymentConfig" in endpoint.properties:
        response["LastDeploymentConfig"] = endpoint.properties["DeploymentConfig"]
    return response


def _summary(one: Resource) -> Document:
    assert isinstance(one, Endpoint)  # noqa: S101 - the store keeps nothing else as one
    return {
        "EndpointName": one.name,
        "EndpointArn": one.arn,
        "CreationTime": one.created,
        "LastModifiedTime": one.modified,
        "EndpointStatus": one.status,
    }


def list_endpoints(scope: Scope, request: Document) -> Document:
    """ListEndpoints."""
    return listing.page(request, STORE.all(scope, "endpoint").values(), _summary, "Endpoints")


OPERATIONS: Operations = {
    "CreateEndpoint": lambda scope, request: {"EndpointArn": create(scope, request)[0].arn},
    "DescribeEndpoint": describe,
    "ListEndpoints": list_endpoints,
    "UpdateEndpoint": lambda scope, request: {"EndpointArn": update(scope, request)[0].arn},
    "UpdateEndpointWeightsAndCapacities": lambda scope, request: {
        "EndpointArn": update_capacities(scope, request)[0].arn
    },
    "DeleteEndpoint": lambda scope, request: (delete(scope, request["EndpointName"]), {})[1],
}


def changed(endpoint: Endpoint, changes: list[Document]) -> list[Document]:
    """The variants' summaries with what `changes` (DesiredWeightsAndCapacities) asks for.

    Raises AwsError (ValidationException) for a missing variant or an impossible value.
    """
    present = {one["VariantName"]: dict(one) for one in endpoint.variants}
    for change in changes:
        name, count = change["VariantName"], change.get("DesiredInstanceCount")
        variant = f'variant "{name}" of endpoint "{endpoint.arn}"'
        refuse(name not in present, f"Could not find {variant}.")
        refuse(
            count is not None and SERVERLESS in present[name],
            f"The {variant} is serverless: it has no instances.",
        )
        refuse(
            count == 0 and "AsyncInferenceConfig" not in endpoint.configuration,
            f"The {variant} needs at least one instance: only asynchronous endpoints scale to"
            " zero.",
        )
        for key in ("DesiredWeight", "DesiredInstanceCount"):
            present[name][key] = change.get(key, present[name][key])
        if update := change.get("ServerlessUpdateConfig"):
            present[name].update(serverless.updated(present[name], update))
    return list(present.values())
