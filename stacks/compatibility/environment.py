"""What a stage sets in its container's environment."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from stacks.aws_data import environment_limits
from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.settings.container import is_secret
from stacks.settings.mistakes import nearest

_SETTINGS = Path(__file__).parents[2] / "container" / "berth_serving" / "config.py"
_MOST_BYTES = 32 * 1024  # of all names and values: the service model says it in words alone
_OF_SAGEMAKER = "SageMaker sets it itself; leave it out"
_OF_IMAGE = (  # container/entrypoint.sh has these, but for the first two
    *("PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HOME"),
    *("HF_HOME", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE"),
    *("MLFLOW_TRACKING_URI", "MLFLOW_DISABLE_TELEMETRY", "MLFLOW_CONFIGURE_LOGGING"),
    "DO_NOT_TRACK",
)
_RESERVED = {
    "BERTH_BATCH_REQUESTS": "is set by model.batch_requests; set that",
    "BERTH_MODEL_MANIFEST_SHA256": "is set by what is packed, or by shipping.manifest_sha256",
    "SAGEMAKER_MULTI_MODEL": 'is set by mode = "multi-model"; set that',
    "SAGEMAKER_BATCH": 'is set by mode = "batch"; set that',
    "SM_MODEL_DIR": "SageMaker puts the model at /opt/ml/model; leave it out",
    "BERTH_MODELS_DIR": "SageMaker puts the models at /opt/ml/models; leave it out",
    "BERTH_THREADS": "is set by how many workers there are; set SAGEMAKER_MODEL_SERVER_WORKERS",
    "OMP_NUM_THREADS": "is set by how many workers there are; set SAGEMAKER_MODEL_SERVER_WORKERS",
    "CUDA_VISIBLE_DEVICES": "the server sets it for each worker; leave it out",
    **dict.fromkeys(_OF_IMAGE, "the image sets it; leave it out"),
    **dict.fromkeys(
        (
            "SAGEMAKER_BIND_TO_PORT",
            "SAGEMAKER_SAFE_PORT_RANGE",
            "AWS_REGION",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "HOSTNAME",
        ),
        _OF_SAGEMAKER,
    ),
}
_MEANT_AS_SECRET = re.compile(
    r"(.*_)?(PASSWORD|PASSWD|PWD|SECRET|TOKEN|CREDENTIALS?|API_?KEY|ACCESS_KEY(_ID)?|PRIVATE_KEY)",
    re.IGNORECASE,
)


def variables_are_the_stages_to_set(stage: CheckedStage) -> Iterator[Finding]:
    """No variable is set that SageMaker or Berth sets, and none of Berth's is misspelt.

    Source: docs/container.md; SageMaker's guide, "Custom Inference Code with Hosting Services".
    """
    for name in stage.settings.container.environment:
        if name in _RESERVED:
            yield stage.refuse(f"container.environment.{name}", _RESERVED[name])
        elif name.startswith("BERTH_") and name not in _known():
            hint = nearest(name, _known() - _RESERVED.keys()) or "; docs/container.md has them all"
            yield stage.refuse(
                f"container.environment.{name}", f"the server knows no such setting{hint}"
            )


def environment_is_small_enough(stage: CheckedStage) -> Iterator[Finding]:
    """A container takes 100 variables, and 32 KB of names and values.

    Source: ContainerDefinition.Environment in SageMaker's service model.
    """
    variables, most = stage.plan.environment, environment_limits().variables - 1
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if len(variables) > most:  # one is the manifest's
        yield stage.refuse(
            "container.environment", f"{len(variables)} variables; SageMaker takes {most}"
        )
    if size > _MOST_BYTES - 100:
        yield stage.refuse(
            "container.environment", f"{size} bytes; SageMaker takes 32 KB, names among them"
        )


def secrets_are_named_by_their_arn(stage: CheckedStage) -> Iterator[Finding]:
    """No password or token stands in stages.toml, and so in a template.

    Source: ContainerDefinition.Environment in SageMaker's service model ("Don't include any
    sensitive data").
    """
    for name, value in stage.settings.container.environment.items():
        if value and _MEANT_AS_SECRET.fullmatch(name) and not is_secret(value):
            yield stage.refuse(
                f"container.environment.{name}",
                "would stand in the template as it is: put it into Secrets Manager, and name the "
                "secret's ARN here",
            )


def secrets_can_be_read(stage: CheckedStage) -> Iterator[Finding]:
    """The container has a way to the secrets that it is given the ARNs of.

    Source: SageMaker's guide, "Run Training and Inference Containers in Internet-Free Mode";
    stacks/constructs/isolated_vpc.py.
    """
    network, settings = stage.settings.network, stage.settings
    for name, arn in settings.container.secrets.items():
        key, (_, _, _, region, account, *_) = f"container.environment.{name}", arn.split(":")
        if stage.plan.is_isolated:
            yield stage.refuse(
                key,
                "network isolation keeps the container from every service, this one among them: "
                "set network.isolation = false, or put nothing secret into the model",
            )
        elif network.new_vpc:
            yield stage.refuse(
                key,
                "the new VPC has no way to this service: name a VPC of your own that has its "
                "interface endpoint (network.vpc_id)",
            )
        if region != settings.region:
            yield stage.refuse(key, f"is in {region}, and the stage in {settings.region}")
        elif account != settings.account:
            yield stage.warn(
                key,
                f"is in account {account}: the container reads it only if the policies of the "
                "secret and of its key let it",
            )


def secret_keys_have_secrets(stage: CheckedStage) -> Iterator[Finding]:
    """A key is named for secrets that are named.

    Source: `[container]` in stacks/settings/container.py.
    """
    container = stage.settings.container
    if container.secret_keys and not container.secrets:
        yield stage.refuse(
            "container.secret_keys", "container.environment names no secret; leave it out"
        )


@cache
def _known() -> frozenset[str]:
    """The server's own variables, by its source: the container is imported by nothing outside."""
    return frozenset(re.findall(r'"(BERTH_[A-Z0-9_]+)"', _SETTINGS.read_text(encoding="utf-8")))
