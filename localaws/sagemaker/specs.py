"""From an endpoint configuration to the program of each of its variants."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localaws.clients import secret, url
from localaws.home import default_home
from localaws.images import Built, build_arguments
from localaws.sagemaker import artifacts, environments, registry_image
from localaws.sagemaker.containers import MODEL, Container
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.instance import Program
from localaws.sagemaker.multimodel.source import MOUNTED, is_multi_model, source
from localaws.sagemaker.pools import INSUFFICIENT, Pool
from localaws.scope import Document, Scope


def folder_of(scope: Scope, endpoint: str) -> Path:
    """Where an endpoint's models and logs lie."""
    return default_home() / "endpoints" / scope.account / scope.region / endpoint


@dataclass(frozen=True)
class VariantSpec:
    """What one variant runs, as it was when the endpoint was created or updated.

    Later changes to the model and the configuration, or their deletion, do not affect a running
    endpoint, as in SageMaker. `pool` is what it runs on; None where no instance type has capacity.
    """

    variant: Document
    container: Document
    isolated: bool
    pool: Pool | None
    is_shadow: bool = False

    @property
    def name(self) -> str:
        """The variant's name."""
        return str(self.variant["VariantName"])

    @property
    def hardware(self) -> object:
        """The variant's instance type, or its pools of types; None where it is serverless."""
        return self.variant.get("InstanceType") or self.variant.get("InstancePools")


def shadow_of(specs: Sequence[VariantSpec]) -> str:
    """The name of the shadow variant; empty where there is none."""
    return next((spec.name for spec in specs if spec.is_shadow), "")


def prepare(scope: Scope, endpoint: str, spec: VariantSpec, folder: Path) -> Program:
    """Fetch the variant's model into `folder`; return the program that serves it.

    Raises HostingError with the reason where an instance, the image or the model is missing.
    """
    if spec.pool is None:
        raise HostingError(INSUFFICIENT)
    image = _image_folder(spec.container.get("Image", ""))
    model = folder / spec.name
    built = Built.read(image)
    environment = _environment(scope, spec)
    memory = spec.variant.get("ServerlessConfig", {}).get("MemorySizeInMB")
    models = None
    if is_multi_model(spec.container):
        model.mkdir(parents=True)
        models = source(scope, spec.container, model, mounted=built is not None)
        environment |= {"SAGEMAKER_MULTI_MODEL": "true", "BERTH_MODELS_DIR": models.mounted}
    else:
        artifacts.fetch(scope, spec.container, model)
    if built is None:
        arguments = build_arguments(image)
        python = arguments.get("PYTHON_VERSION") or platform.python_version()
        requirements = arguments.get("MODEL_REQUIREMENTS", "")
        programs = environments.programs_for(python, requirements, default_home())
        environment = {
            "LANG": "C.UTF-8",
            "HOME": os.environ.get("HOME", "/"),
            **environment,
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "SM_MODEL_DIR": str(model),
        }
    return Program(
        label=spec.name,
        command=(str(image / "entrypoint.sh"), "serve"),
        folder=image,
        environment=environment,
        startup_seconds=spec.variant.get("ContainerStartupHealthCheckTimeoutInSeconds", 480),
        logs=folder_of(scope, endpoint) / "logs" / spec.name,
        container=Container(built, model, MOUNTED if models else MODEL, memory) if built else None,
        models=models,
    )


def _image_folder(image: str) -> Path:
    for tag in registry_image.tags(image):
        folder = default_home() / "images" / tag
        if (folder / "entrypoint.sh").exists() or Built.read(folder):
            return folder
    raise HostingError(
        f"The image {image} was never built here: there is no container program for it under "
        f"{default_home() / 'images'}. Deploy the stack that builds it first."
    )


def _environment(scope: Scope, spec: VariantSpec) -> dict[str, str]:
    own = {
        "SAGEMAKER_REGION": scope.region,
        "AWS_REGION": scope.region,
        "BERTH_BIND_HOST": "127.0.0.1",
    }
    # With network isolation SageMaker gives no credentials and no network; the second is not
    # taken away here.
    credentials = {
        "AWS_ACCESS_KEY_ID": scope.account,
        "AWS_SECRET_ACCESS_KEY": secret(),
        "AWS_ENDPOINT_URL": url(),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return {
        **spec.container.get("Environment", {}),
        **({} if spec.isolated else credentials),
        **own,
    }
