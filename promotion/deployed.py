"""What runs in a stage: its stacks, models, images and EndpointConfig, as AWS says."""

import re
from typing import Any

from aws import cloudformation
from aws.assembly import Template
from aws.errors import AwsError, in_one_line
from aws.stage import Stage
from promotion import PromotionError
from promotion.contents import Contents
from promotion.release import Image, Model

# The variable in which the template pins the hash of the model's SHA256SUMS (docs/model.md).
_MANIFEST = "BERTH_MODEL_MANIFEST_SHA256"
_IMAGE = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z0-9.]+/(?P<repository>[^:@]+)"
    r"(:(?P<tag>[\w.-]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def has_templates(stage: Stage, templates: dict[str, Template]) -> bool:
    """Whether these templates are the deployed ones; not where a stack is not at rest."""
    try:
        check_templates(stage, templates)
    except (AwsError, PromotionError):
        return False
    return True


def check_templates(stage: Stage, templates: dict[str, Template]) -> None:
    """Raise PromotionError where a template is not the deployed one, or a stack is not deployed.

    Raises AwsError where a stack is not at rest.
    """
    for name, template in templates.items():
        deployed = cloudformation.template(stage.cloudformation, name)
        if deployed is None:
            raise PromotionError(f"{name}: not deployed, or its first deployment has failed")
        if _of_effect(deployed) != _of_effect(template):
            raise PromotionError(
                f"{name}: the assembly's template is not the deployed one: deploy it first, or "
                "name the assembly that is deployed with --assembly"
            )


def _of_effect(template: Template) -> Template:
    """A template without the parts that CloudFormation does not update where no resource changes.

    A later version of Berth writes its number into the metadata, and may change nothing else.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/metadata-section-structure.html
    """
    kept: Template = cloudformation.as_kept(template)
    return {key: each for key, each in kept.items() if key not in ("Metadata", "Description")}


def models(stage: Stage, contents: Contents) -> tuple[tuple[Model, ...], tuple[Image, ...]]:
    """The SageMaker Models of the serving stack, by logical id, and their images, each once.

    Raises PromotionError where an image is not in ECR.
    """
    names = sorted(_names(stage, "AWS::SageMaker::Model").items())
    sagemaker = stage.client("sagemaker")
    with in_one_line():
        containers = {
            logical_id: sagemaker.describe_model(ModelName=name)["PrimaryContainer"]
            for logical_id, name in names
        }
    images = {uri: _image(stage, uri) for uri in sorted({c["Image"] for c in containers.values()})}
    found = tuple(
        _model(logical_id, container, images[container["Image"]], contents)
        for logical_id, container in containers.items()
    )
    return found, tuple(images.values())


def endpoint_config(stage: Stage) -> str | None:
    """The EndpointConfig that the endpoint serves; None where the stage has no endpoint.

    Raises PromotionError where it is not the stack's: the endpoint then serves other models.
    """
    served = stage.served_config()
    own = _names(stage, "AWS::SageMaker::EndpointConfig").values()
    if own and served not in own:
        raise PromotionError(
            f"{stage.names.endpoint} serves EndpointConfig {served}; its stack has"
            f" {', '.join(own)}: it was changed outside of CloudFormation; change it back, then"
            " record"
        )
    return served


def _names(stage: Stage, resource_type: str) -> dict[str, str]:
    """Names of the serving stack's resources of a type, by their logical ids."""
    found = cloudformation.resources(
        stage.cloudformation, stage.names.serving_stack, {resource_type}
    )
    # The physical id of these types is an ARN, with the name behind the last slash.
    return {logical_id: arn.rpartition("/")[2] for logical_id, arn in found.items()}


def _model(logical_id: str, container: dict[str, Any], image: Image, contents: Contents) -> Model:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    data = container.get("ModelDataUrl") or source.get("S3Uri")
    return Model(
        logical_id=logical_id,
        image=image.digest,
        data=data,
        manifest_sha256=container.get("Environment", {}).get(_MANIFEST),
        archive=contents.of(data) if data and not data.endswith("/") else None,
    )


def _image(stage: Stage, uri: str) -> Image:
    parts = _IMAGE.fullmatch(uri)
    if parts is None:
        raise PromotionError(f"{uri}: not an image in ECR: a release cannot name its bytes")
    tag, digest = parts["tag"], parts["digest"]
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    with in_one_line():
        (found,) = stage.client("ecr").describe_images(
            registryId=parts["registry"], repositoryName=parts["repository"], imageIds=[wanted]
        )["imageDetails"]
    return Image(
        registry=parts["registry"],
        region=parts["region"],
        repository=parts["repository"],
        tag=tag,
        digest=found["imageDigest"],
    )
