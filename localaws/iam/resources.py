"""The resource that a request acts on, where MiniStack does not know it."""

from urllib.parse import unquote

from localaws.json_api import AwsError, operation_of, parse
from localaws.ministack import permissions
from localaws.scope import Document

_KINDS = {
    "EndpointConfig": "endpoint-config",
    "Endpoint": "endpoint",
    "ModelPackageGroup": "model-package-group",
    "ModelPackage": "model-package",
    "Model": "model",
    "TransformJob": "transform-job",
}
"""SageMaker's kinds by what its operations call them; the longer of two endings first."""


def install() -> None:
    """Have requests to SageMaker evaluated, and ECR's DescribeRepositories on its repository."""
    permissions.add_sagemaker()
    permissions.name_resources(_resource)


def _resource(
    service: str, path: str, headers: dict[str, str], body: bytes, place: str
) -> str | None:
    if service == "sagemaker":
        operation = operation_of(headers)
        return f"arn:aws:sagemaker:{place}:{_sagemaker(operation, path, body)}"
    if service == "ecr":
        names = document_of(body).get("repositoryNames") or []
        if len(names) == 1:
            return f"arn:aws:ecr:{place}:repository/{names[0]}"
    return None


def _sagemaker(operation: str, path: str, body: bytes) -> str:
    """The resource in the ARN, in lower case; `*` where the request names none."""
    if not operation:
        return f"endpoint/{unquote(path.split('/')[2]).lower()}"
    kind = next((name for name in _KINDS if operation.endswith(name)), None)
    name = document_of(body).get(f"{kind}Name")
    if kind is None or not isinstance(name, str):
        return "*"
    # A request may name a model package by its ARN.
    name = name.rpartition(f":{_KINDS[kind]}/")[2]
    return f"{_KINDS[kind]}/{name.lower()}"


def document_of(body: bytes) -> Document:
    """The JSON object of a request's body; an empty one where it has none."""
    try:
        return parse(body)
    except AwsError:
        return {}
