"""The updates of an endpoint that SageMaker refuses."""

from collections.abc import Sequence, Set

from localaws.autoscaling.registry import REGISTRY
from localaws.json_api import AwsError, refuse
from localaws.ministack import cloudwatch
from localaws.sagemaker.policy import Policy
from localaws.sagemaker.specs import VariantSpec, shadow_of
from localaws.sagemaker.state import Endpoint
from localaws.scope import Document, Scope


def check_deployment(
    scope: Scope,
    config: Document,
    specs: Sequence[VariantSpec],
    variants: list[Document],
    before: Set[str] = frozenset(),
) -> None:
    """Refuse a DeploymentConfig that SageMaker refuses; `before` are the present variants.

    Raises AwsError.
    """
    policy = Policy.of(config)
    counts = {one["VariantName"]: one["DesiredInstanceCount"] for one in variants}
    counts.pop(shadow_of(specs), None)
    policy.check(counts, before)
    present = cloudwatch.alarm_states(scope, policy.alarms)
    missing = [name for name in policy.alarms if name not in present]
    refuse(
        missing,
        f"Could not find CloudWatch alarm(s) [{', '.join(missing)}] of AutoRollbackConfiguration.",
    )


def check_scaling(endpoint: Endpoint, specs: Sequence[VariantSpec]) -> None:
    """Refuse an update that takes a scalable target's variant away or changes its instance type.

    After the developer guide's page "Update endpoints that use auto scaling"; another model is
    allowed. Raises AwsError.
    """
    planned = {spec.name: spec.hardware for spec in specs}
    for name in _scaled(endpoint):
        if name not in planned:
            change = "would remove it"
        elif planned[name] != endpoint.hardware.get(name):
            change = "would change its instance type"
        else:
            continue
        raise AwsError.validation(
            f"The variant {name} of endpoint {endpoint.arn} is registered as a scalable target "
            f"with Application Auto Scaling, and this update {change}. Deregister it first "
            "(DeregisterScalableTarget)."
        )


def _scaled(endpoint: Endpoint) -> list[str]:
    """The endpoint's variants that are scalable targets."""
    prefix = f"endpoint/{endpoint.name}/variant/"
    here = (endpoint.scope.account, endpoint.scope.region)
    # A copy is read without the registry's lock, since this thread holds the store's.
    return [
        key.resource_id.removeprefix(prefix)
        for key in list(REGISTRY.targets)
        if (key.scope.account, key.scope.region) == here and key.resource_id.startswith(prefix)
    ]
