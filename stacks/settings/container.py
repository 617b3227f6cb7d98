"""What a stage's containers are told: variables, and where their secrets are."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from stacks.settings.values import Table, conflict, matching, refuse

_MOST, _LONGEST = 90, 1024
_SAGEMAKERS = "SageMaker sets it; leave it out"
_SET_ELSEWHERE = {
    "BERTH_BATCH_REQUESTS": "set model.batch_requests",
    "BERTH_MODEL_MANIFEST_SHA256": "it comes with the model; leave it out",
    "BERTH_BIND_HOST": "SageMaker would not reach the container; leave it out",
    "BERTH_MODELS_DIR": _SAGEMAKERS,
    "SAGEMAKER_BATCH": _SAGEMAKERS,
    "SAGEMAKER_BIND_TO_PORT": _SAGEMAKERS,
    "SAGEMAKER_MULTI_MODEL": 'set mode = "multi-model"',
    "SAGEMAKER_REGION": _SAGEMAKERS,
    "SAGEMAKER_SAFE_PORT_RANGE": _SAGEMAKERS,
    "SM_MODEL_DIR": _SAGEMAKERS,
}
_CREDENTIALS = re.compile(
    r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|REGION|CONTAINER_\w+|PROFILE)"
)
_SECRET = re.compile(r"(?i)(.*_)?(token|secret|passw(or)?d|api_?key|access_?key|credentials?)")


def _is_free(name: str) -> str:
    if name in _SET_ELSEWHERE:
        raise refuse(_SET_ELSEWHERE[name])
    if _CREDENTIALS.fullmatch(name):
        raise refuse("SageMaker gives the container its role's credentials and region")
    return name


def _is_no_secret(name: str) -> str:
    if _SECRET.fullmatch(name):
        raise refuse(
            "looks like a secret, which whoever may describe the model would read; name where it is"
            " kept in container.secrets"
        )
    return name


def _fits(value: str) -> str:
    if len(value) > _LONGEST:
        raise refuse(f"has {len(value)} characters, and CreateModel takes {_LONGEST}")
    return value


# EnvironmentMap of SageMaker's service model: 100 of them, of which Berth sets a few.
_Name = Annotated[
    str,
    matching(r"[A-Za-z_][A-Za-z0-9_]*", "must be a name of letters, digits and underscores"),
    AfterValidator(_is_free),
]
_SecretArn = Annotated[
    str,
    matching(
        r"arn:aws[\w-]*:(secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}"
        r"|ssm:[\w-]+:\d{12}:parameter/[\w/.-]+)",
        "must be the whole ARN of a secret in Secrets Manager (with its six last characters) or of"
        " a parameter in SSM Parameter Store",
    ),
]


class StageContainerSettings(Table):
    """`[<stage>.container]`."""

    environment: Annotated[
        dict[
            Annotated[_Name, AfterValidator(_is_no_secret)], Annotated[str, AfterValidator(_fits)]
        ],
        Field(default_factory=dict, max_length=_MOST),
    ]
    """variables of the container: the model's own, and the server's (docs/container.md)"""
    secrets: Annotated[dict[_Name, _SecretArn], Field(default_factory=dict)]
    """variables that hold the ARN of a secret, which the execution role may read: the model's code
    fetches the value"""

    @field_validator("secrets")
    @classmethod
    def _are_no_variables(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if twice := sorted(value.keys() & info.data.get("environment", {}).keys()):
            raise conflict(f"{twice[0]} is in container.environment, too; leave one out")
        return value

    @property
    def variables(self) -> dict[str, str]:
        """What the container's environment gets."""
        return {**self.environment, **self.secrets}
