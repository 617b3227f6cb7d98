"""One action, put to MiniStack's evaluator: a caller's, or a service's by a role."""

from typing import Any

from ministack.core import iam_actions, iam_evaluator, responses


def refusal(
    access_key: str, action: str, resource: str, context: dict[str, Any] | None = None
) -> str | None:
    """Why the owner of the key may not, in AWS's words; None where it may.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    service = action.partition(":")[0]
    found = iam_evaluator.enforce(
        access_key,
        action,
        service,
        responses.get_region(),
        resource_arn=resource,
        service_context=context,
    )
    if found is None:
        return None
    if isinstance(found, iam_evaluator.AuthError):
        return str(found.message)
    if found.resource_policy_arn:
        return (
            f"User: {found.principal_arn} is not authorized to perform: {action} on resource:"
            f" {resource} with an explicit deny in a resource-based policy"
        )
    return _denied(action, found, resource)


def role_refusal(
    role_arn: str, action: str, resource: str, region: str, context: dict[str, Any]
) -> str | None:
    """Why a service that acts as the role may not, in AWS's words; None where it may.

    The role's own policies decide; a bucket's policy is not asked.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    asked = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/SageMaker",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=region,
        service_context=context,
    )
    found = iam_evaluator.evaluate(asked, iam_evaluator._gather_role_policies(name, account))
    return None if found.decision == "Allow" else _denied(action, found, resource)


def _denied(action: str, found: iam_evaluator.EvalResult, resource: str) -> str:
    said: str = iam_actions.identity_denial_message(
        action, found.principal_arn, resource, found.decision == "Deny"
    )
    return said
