"""The serving container as an image asset."""

from pathlib import Path

from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from stacks.build_arguments import build_arguments
from stacks.compatibility import ModelRecord

CONTAINER_FOLDER = Path(__file__).parents[2] / "container"


class ServingImage(Construct):
    """The image built from `container/`, with the model's own Python and requirements."""

    def __init__(self, scope: Construct, id: str, *, model: ModelRecord, cuda: str) -> None:
        super().__init__(scope, id)
        self.asset = ecr_assets.DockerImageAsset(
            self,
            "Asset",
            directory=str(CONTAINER_FOLDER),
            platform=ecr_assets.Platform.LINUX_AMD64,
            # SageMaker's CreateModel refuses OCI manifests and the attestations that BuildKit adds.
            outputs=["type=docker"],
            build_args=build_arguments(model, cuda),
        )
