"""Serverless variants: their restrictions, and how many requests they take at once.

After the developer guide's page on serverless inference. On AWS each request has a container of
its own; here one program takes them all.
"""

from collections.abc import Iterator

from localaws.json_api import AwsError
from localaws.sagemaker.metrics import put
from localaws.sagemaker.runtime_api import invalid
from localaws.sagemaker.state import STORE, Endpoint, Resource
from localaws.sagemaker.variant import Variant
from localaws.scope import Document

MAX_BODY_BYTES = 4 * 2**20
"""A serverless endpoint's payload (guide)."""

MEMORY_STEP = 1024
_KEY = "DesiredServerlessConfig"


def check(config: Document, variant: Document, model: Resource) -> None:
    """Raise AwsError (ValidationException) where a serverless variant has what it cannot have.

    config: the CreateEndpointConfig request that the variant is in.
    """
    for refused in _refused(config, variant, model.properties):
        raise AwsError.validation(f"{refused} not supported when specifying a ServerlessConfig.")
    own = variant["ServerlessConfig"]
    if own["MemorySizeInMB"] % MEMORY_STEP:
        raise AwsError.validation(
            f"MemorySizeInMB {own['MemorySizeInMB']} is not valid: 1024, 2048, 3072, 4096, 5120 "
            "and 6144 are."
        )
    _check_provisioned(own)
    account = model.scope.account
    for container in _containers(model.properties):
        image = container.get("Image", account)
        if not image.startswith(account):
            raise AwsError.validation(
                f"The image {image} of a serverless variant must be in account {account}."
            )


def _refused(config: Document, variant: Document, model: Document) -> Iterator[str]:
    containers = _containers(model)
    if any(one.get("VpcConfig") for one in (config, model)):
        yield "VpcConfig is"
    if any(one.get("EnableNetworkIsolation") for one in (config, model)):
        yield "EnableNetworkIsolation is"
    if any(one.get("Mode") == "MultiModel" for one in containers):
        yield "Multi-model containers are"
    if any("ModelDataSource" in one for one in containers):
        yield "ModelDataSource is"
    if len(config["ProductionVariants"]) > 1 or "ShadowProductionVariants" in config:
        yield "Several variants are"
    if "InitialInstanceCount" in variant:
        yield "InitialInstanceCount is"
    for name in ("DataCaptureConfig", "AsyncInferenceConfig", "ExplainerConfig"):
        if name in config:
            yield f"{name} is"


def _containers(model: Document) -> list[Document]:
    return model.get("Containers") or [model["PrimaryContainer"]]


def _check_provisioned(config: Document) -> None:
    if config.get("ProvisionedConcurrency", 0) > config["MaxConcurrency"]:
        raise AwsError.validation(
            f"ProvisionedConcurrency {config['ProvisionedConcurrency']} cannot be more than "
            f"MaxConcurrency {config['MaxConcurrency']}."
        )


def wanted(variant: Document) -> Document:
    """The serverless configuration in a new variant's summary.

    Empty where it is not.
    """
    return {_KEY: variant["ServerlessConfig"]} if "ServerlessConfig" in variant else {}


def reached(variant: Document) -> Document:
    """The serverless configuration in a variant's summary once it is in service."""
    return {"CurrentServerlessConfig": variant[_KEY]} if _KEY in variant else {}


def is_serverless(variant: Document) -> bool:
    """Whether a summary is of a serverless variant."""
    return _KEY in variant


def updated(variant: Document, changes: Document) -> Document:
    """A summary's members after a ServerlessUpdateConfig; AwsError where it is not allowed."""
    if not is_serverless(variant):
        raise AwsError.validation(
            f'Variant "{variant["VariantName"]}" is not serverless: it has no ServerlessConfig.'
        )
    config: Document = {**variant[_KEY], **changes}
    _check_provisioned(config)
    return {_KEY: config}


def described(variant: Document) -> Document:
    """A variant's summary; a serverless one has no instances to count."""
    if _KEY not in variant:
        return variant
    counts = ("CurrentInstanceCount", "DesiredInstanceCount")
    return {name: value for name, value in variant.items() if name not in counts}


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
    for endpoint in STORE.endpoints():
        for name, variant in endpoint.fleet.variants.items() if endpoint.fleet else ():
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
