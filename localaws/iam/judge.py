"""One action of the request that is being answered, put to MiniStack's evaluator."""

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
    said: str = iam_actions.identity_denial_message(
        action, found.principal_arn, resource, found.decision == "Deny"
    )
    return said
