"""The control plane: `X-Amz-Target: SageMaker.<Operation>`, JSON 1.1."""

from localaws import validation
from localaws.json_api import AwsError
from localaws.sagemaker import endpoints, models, packages, tags
from localaws.sagemaker.state import Operations
from localaws.sagemaker.transform import operations
from localaws.scope import Document, Scope

OPERATIONS: Operations = {
    **models.OPERATIONS,
    **packages.OPERATIONS,
    **endpoints.OPERATIONS,
    **tags.OPERATIONS,
    **operations.OPERATIONS,
}


def call(scope: Scope, name: str, request: Document) -> Document:
    """Carry out one operation and return its response; AwsError where AWS refuses."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise AwsError(
            "UnknownOperationException",
            f"SageMaker on this machine does not emulate {name!r}. "
            f"It emulates {', '.join(sorted(OPERATIONS))}.",
        )
    validation.validate("sagemaker", name, request)
    return operation(scope, request)
