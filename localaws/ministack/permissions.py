"""MiniStack's IAM evaluator, asked about a caller or about a service that acts by a role."""

import uuid
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, responses
from ministack.services import iam, kms

from localaws.json_api import Response
from localaws.ministack.services import access_key
from localaws.scope import Document


def refusal(
    access_key: str, action: str, resource: str, context: Document | None = None
) -> str | None:
    """Why the access key's owner may not do it, in AWS's words; None where it is allowed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    found = iam_evaluator.enforce(
        access_key,
        action,
        action.partition(":")[0],
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
    """Why a service that acts as the role may not do it, in AWS's words; None where it may.

    Only the role's own policies are evaluated, not a bucket's.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    request = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/SageMaker",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=region,
        service_context=context,
    )
    found = iam_evaluator.evaluate(request, iam_evaluator._gather_role_policies(name, account))
    return None if found.decision == "Allow" else _denied(action, found, resource)


def _denied(action: str, found: iam_evaluator.EvalResult, resource: str) -> str:
    return str(
        iam_actions.identity_denial_message(
            action, found.principal_arn, resource, found.decision == "Deny"
        )
    )


def s3_refusal(
    headers: dict[str, str],
    query: Document,
    action: str,
    resource: str,
    context: Document | None = None,
) -> Response | None:
    """S3's AccessDenied where the signer of a request may not do the action; else None."""
    message = refusal(access_key(headers, query), action, resource, context)
    if message is None:
        return None
    denied: Response = iam_actions.access_denied_response(
        "s3", action, "", str(uuid.uuid4()), message=message, headers=headers
    )
    return denied


def s3_action(method: str, path: str, query: Document) -> str | None:
    """The action (`GetObject`) that a request to S3 is."""
    action: str | None = iam_actions._s3_action(method, path, query)
    return action


def add_sagemaker() -> None:
    """Have SageMaker's requests evaluated, and count each request as one by TLS.

    Buckets that ask for TLS, CDK's own among them, could not be used otherwise.
    """
    iam_actions.SERVICE_TO_IAM_NAMESPACE["sagemaker"] = "sagemaker"
    iam_actions._BOTOCORE_SERVICE_MAP["sagemaker"] = ["sagemaker-runtime"]
    app.pin_request_origin = lambda address, _tls: iam_evaluator.pin_request_origin(address, True)


def name_resources(name: Callable[[str, str, dict[str, str], bytes, str], str | None]) -> None:
    """Have `name` give the ARN of the resource that a request acts on, where it knows it.

    It is given the service, the path, the headers, the body, and `region:account`.
    """
    known = iam_actions.extract_resource_arn

    def resource(*arguments: Any) -> str:
        service, _, path, headers, body, _, region, account = arguments
        own = name(service, path, headers, body, f"{region}:{account}")
        return own or str(known(*arguments))

    iam_actions.extract_resource_arn = resource


def name_conditions(name: Callable[[str, str, bytes], Document]) -> None:
    """Have `name` give condition keys of a request besides those that MiniStack knows.

    It is given the service, the action (`kms:Sign`) and the body.
    """
    known = iam_actions.request_tag_context

    def conditions(service: str, action: str, body: bytes, query: Document) -> Document:
        found: Document = known(service, action, body, query)
        return found | name(service, action, body)

    iam_actions.request_tag_context = conditions


def name_conditions_of_writes(name: Callable[[dict[str, str]], Document]) -> None:
    """The same for requests that write an object to S3, by their headers."""
    known = iam_actions.s3_service_context

    def conditions(action: str, query: Document, path: str, headers: dict[str, str]) -> Document:
        found: Document = known(action, query, path, headers)
        return found | name(headers) if action == "s3:PutObject" else found

    iam_actions.s3_service_context = conditions


def name_roles() -> None:
    """Have `aws:PrincipalArn` be the role's ARN where a role's session asks, as AWS has it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    known = iam_evaluator._resolve_condition_key

    def resolve(key: str, request: iam_evaluator.EvalContext) -> Any:
        if key.lower() != "aws:principalarn" or request.principal_type != "AssumedRole":
            return known(key, request)
        name = iam_evaluator._role_name_from_assumed_arn(request.principal_arn)
        role = iam._roles.get_scoped(request.principal_account, None, name)
        return role["Arn"] if role else request.principal_arn

    iam_evaluator._resolve_condition_key = resolve


def key_arn(key: str) -> str | None:
    """The ARN of a KMS key by its id, ARN or alias; None where there is none."""
    found = kms._resolve_key(key)
    return str(found["Arn"]) if found else None
