"""Which action a request is, and on which resource, where MiniStack (1.5.33) does not know."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from ministack import app
from ministack.core import iam_actions, iam_evaluator

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
    """Have SageMaker judged, and ECR's DescribeRepositories on its repository.

    A request to this emulator counts as one by TLS: buckets that ask for it, CDK's own among them,
    could not be used else.
    """
    iam_actions.SERVICE_TO_IAM_NAMESPACE["sagemaker"] = "sagemaker"
    iam_actions._BOTOCORE_SERVICE_MAP["sagemaker"] = ["sagemaker-runtime"]
    iam_actions.extract_resource_arn = _with_ours(iam_actions.extract_resource_arn)
    app.pin_request_origin = lambda address, _tls: iam_evaluator.pin_request_origin(address, True)


def _with_ours(known: Callable[..., str]) -> Callable[..., str]:
    def resource(*arguments: Any) -> str:
        service, _, path, headers, body, _, region, account = arguments
        place = f"{region}:{account}"
        if service == "sagemaker":
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            return f"arn:aws:sagemaker:{place}:{_sagemaker(operation, path, body)}"
        if service == "ecr":
            names = _document(body).get("repositoryNames") or []
            if len(names) == 1:
                return f"arn:aws:ecr:{place}:repository/{names[0]}"
        return known(*arguments)

    return resource


def _sagemaker(operation: str, path: str, body: bytes) -> str:
    """The resource's part of the ARN, in which names are lower case; `*` where none is named."""
    if not operation:
        return f"endpoint/{unquote(path.split('/')[2]).lower()}"
    kind = next((name for name in _KINDS if operation.endswith(name)), None)
    name = _document(body).get(f"{kind}Name")
    if kind is None or not isinstance(name, str):
        return "*"
    # A model package is named by its ARN, too.
    name = name.rpartition(f":{_KINDS[kind]}/")[2]
    return f"{_KINDS[kind]}/{name.lower()}"


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
