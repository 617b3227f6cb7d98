"""The serving container as an image asset."""

from pathlib import Path

from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

CONTAINER_FOLDER = Path(__file__).parents[2] / "container"


class ServingImage(Construct):
    """The image built from `container/`, with the model's own Python and requirements."""

    def __init__(
        self, scope: Construct, id: str, *, python_version: str, requirements: str, cuda: str
    ) -> None:
        super().__init__(scope, id)
        build = "cpu" if cuda == "none" else f"cu{cuda.replace('.', '')}"
        self.asset = ecr_assets.DockerImageAsset(
            self,
            "Asset",
            directory=str(CONTAINER_FOLDER),
            platform=ecr_assets.Platform.LINUX_AMD64,
            # SageMaker's CreateModel refuses OCI manifests and the attestations that BuildKit adds.
            outputs=["type=docker"],
            build_args={
                "PYTHON_VERSION": python_version,
                "TORCH_INDEX_URL": f"https://download.pytorch.org/whl/{build}",
                "MODEL_REQUIREMENTS": requirements,
            },
        )
