"""The documents that the cases are taken from."""

from dataclasses import dataclass

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg"
_RFC = "https://www.rfc-editor.org/rfc"


@dataclass(frozen=True, slots=True)
class Source:
    """A document's name and address; no address where it is a known failure of others."""

    name: str
    url: str = ""


HOSTING = Source(
    "Custom Inference Code with Hosting Services", f"{_GUIDE}/your-algorithms-inference-code.html"
)
BATCH = Source(
    "Custom Inference Code with Batch Transform", f"{_GUIDE}/your-algorithms-batch-code.html"
)
TRANSFORM = Source("Batch transform", f"{_GUIDE}/batch-transform.html")
MULTI_MODEL = Source(
    "Custom Containers Contract for Multi-Model Endpoints", f"{_GUIDE}/mms-container-apis.html"
)
PIPELINE = Source(
    "Inference pipelines: real-time predictions", f"{_GUIDE}/inference-pipeline-real-time.html"
)
INVOKE = Source(
    "InvokeEndpoint",
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
)
SESSIONS = Source("Stateful sessions", f"{_GUIDE}/stateful-sessions.html")
QUOTAS = Source("Endpoint quotas", "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html")
METRICS = Source(
    "ContainerMetricsConfig, EnableDetailedObservability",
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html",
)
LOGS = Source("Log groups and streams", f"{_GUIDE}/logging-cloudwatch.html")
HTTP = Source("RFC 9110, HTTP semantics", f"{_RFC}/rfc9110")
HTTP_1_1 = Source("RFC 9112, HTTP/1.1", f"{_RFC}/rfc9112")


def known(failure: str) -> Source:
    """Make the source of a case that guards against a known failure of other servers."""
    return Source(f"known failure: {failure}")
