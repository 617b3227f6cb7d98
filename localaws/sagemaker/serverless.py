"""Serverless variants: their restrictions, and how many requests they take at once.

After the developer guide's page on serverless inference. On AWS each request has a container of
its own; here one program takes them all.
"""

from localaws.json_api import AwsError, refuse
from localaws.sagemaker.metrics import put, variants_of
from localaws.sagemaker.multimodel.source import is_multi_model
from localaws.sagemaker.runtime_api import invalid
from localaws.sagemaker.state import STORE, Endpoint, Resource
from localaws.sagemaker.summaries import SERVERLESS
from localaws.sagemaker.variant import Variant
from localaws.scope import Document

MAX_BODY_BYTES = 4 * 2**20
"""A serverless endpoint's payload (guide)."""


def check(config: Document, variant: Document, model: Resource) -> None:
    """Raise AwsError (ValidationException) where a serverless variant has what it cannot have.

    config: the CreateEndpointConfig request that the variant is in.
    """
    both, account = (config, model.properties), model.scope.account
    containers = model.properties.get("Containers") or [model.properties["PrimaryContainer"]]
    several = len(config["ProductionVariants"]) > 1 or "ShadowProductionVariants" in config
    for what, present in {
        "VpcConfig is": any(one.get("VpcConfig") for one in both),
        "EnableNetworkIsolation is": any(one.get("EnableNetworkIsolation") for one in both),
        "Multi-model containers are": any(map(is_multi_model, containers)),
        "ModelDataSource is": any("ModelDataSource" in one for one in containers),
        "Several variants are": several,
        "InitialInstanceCount is": "InitialInstanceCount" in variant,
        "DataCaptureConfig is": "DataCaptureConfig" in config,
        "AsyncInferenceConfig is": "AsyncInferenceConfig" in config,
        "ExplainerConfig is": "ExplainerConfig" in config,
    }.items():
        refuse(present, f"{what} not supported when specifying a ServerlessConfig.")
    memory = variant["ServerlessConfig"]["MemorySizeInMB"]
    refuse(
        memory % 1024,
        f"MemorySizeInMB {memory} is not valid: 1024, 2048, 3072, 4096, 5120 and 6144 are.",
    )
    _check_provisioned(variant["ServerlessConfig"])
    for image in (one.get("Image", account) for one in containers):
        refuse(
            not image.startswith(account),
            f"The image {image} of a serverless variant must be in account {account}.",
        )


def _check_provisioned(config: Document) -> None:
    provisioned, most = config.get("ProvisionedConcurrency", 0), config["MaxConcurrency"]
    refuse(
        provisioned > most,
        f"ProvisionedConcurrency {provisioned} cannot be more than MaxConcurrency {most}.",
    )


def updated(variant: Document, changes: Document) -> Document:
    """A summary's members after a ServerlessUpdateConfig; AwsError where it is not allowed."""
    refuse(
        SERVERLESS not in variant,
        f'Variant "{variant["VariantName"]}" is not serverless: it has no ServerlessConfig.',
    )
    config: Document = {**variant[SERVERLESS], **changes}
    _check_provisioned(config)
    return {SERVERLESS: config}


def check_invocation(endpoint: Endpoint, variant: Variant, body: bytes) -> None:
    """Raise AwsError for a body too large, or where the variant has as many requests as it may."""
    config = _config(endpoint, variant.program.label)
    if config is None:
        return
    if len(body) > MAX_BODY_BYTES:
        raise invalid(
            f"The body has {len(body)} bytes; a serverless endpoint takes at most {MAX_BODY_BYTES}."
        )
    if _inside(variant) >= config["MaxConcurrency"]:
        raise AwsError(
            "ThrottlingException",
            f"Endpoint {endpoint.name} has {config['MaxConcurrency']} invocations at once, its "
            "MaxConcurrency.",
            status=429,
        )


def publish() -> None:
    """Publish the used share of each serverless variant's concurrency, on the event loop."""
    for endpoint, name, variant in variants_of(STORE.endpoints()):
        config = _config(endpoint, name) or {}
        limits = {
            "ServerlessConcurrentExecutionsUtilization": config.get("MaxConcurrency"),
            "ServerlessProvisionedConcurrencyUtilization": config.get("ProvisionedConcurrency"),
        }
        for metric, limit in limits.items():
            if limit:
                used = min(1.0, _inside(variant) / limit)
                dimensions = {"EndpointName": endpoint.name, "VariantName": name}
                put(endpoint.scope, metric, {used: 1}, **dimensions)


def _config(endpoint: Endpoint, variant: str) -> Document | None:
    for one in endpoint.variants:
        if one["VariantName"] == variant:
            return one.get("CurrentServerlessConfig")
    return None


def _inside(variant: Variant) -> int:
    return sum(one.outstanding for one in variant.instances)
