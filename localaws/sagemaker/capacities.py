"""UpdateEndpointWeightsAndCapacities: what it makes of an endpoint's variants."""

from localaws.sagemaker import serverless
from localaws.sagemaker.errors import AwsError
from localaws.sagemaker.state import Endpoint
from localaws.scope import Document


def changed(endpoint: Endpoint, wishes: list[Document]) -> list[Document]:
    """The variants' summaries with what `wishes` (DesiredWeightsAndCapacities) asks for.

    Raises AwsError (ValidationException) for a variant that is not there or cannot be so.
    """
    present = {one["VariantName"]: dict(one) for one in endpoint.variants}
    for wish in wishes:
        name = wish["VariantName"]
        if name not in present:
            raise AwsError.validation(
                f'Could not find variant "{name}" of endpoint "{endpoint.arn}".'
            )
        _check_count(endpoint, present[name], wish)
        for key in ("DesiredWeight", "DesiredInstanceCount"):
            present[name][key] = wish.get(key, present[name][key])
        if "ServerlessUpdateConfig" in wish:
            present[name].update(serverless.updated(present[name], wish["ServerlessUpdateConfig"]))
    return list(present.values())


def _check_count(endpoint: Endpoint, variant: Document, wish: Document) -> None:
    if "DesiredInstanceCount" not in wish:
        return
    said = f'Variant "{variant["VariantName"]}" of endpoint "{endpoint.arn}"'
    if serverless.is_serverless(variant):
        raise AwsError.validation(f"{said} is serverless: it has no instances.")
    if wish["DesiredInstanceCount"] == 0 and "AsyncInferenceConfig" not in endpoint.configuration:
        raise AwsError.validation(
            f"{said} needs at least one instance: asynchronous endpoints alone scale to zero."
        )
