"""What a stage's container is told: variables, and the secrets that it may read."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.aws_data import environment_limits
from stacks.settings.values import Array, Table, matching, refuse

# Both services' policies match the whole ARN: of a secret with the six characters that Secrets
# Manager puts behind its name, of a parameter without a version or a label.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
_ARN = r"arn:aws[a-z-]*:"
_PLACE = r":[a-z0-9-]+:[0-9]{12}:"
_SECRET = re.compile(
    rf"{_ARN}(secretsmanager{_PLACE}secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{{6}}"
    rf"|ssm{_PLACE}parameter/[A-Za-z0-9_./-]+)"
)
_MEANT_AS_SECRET = re.compile(rf"{_ARN}(secretsmanager:|ssm:[^:]*:[^:]*:parameter)")


def is_secret(value: str) -> bool:
    """Whether a value is the ARN of a secret or of a parameter."""
    return bool(_SECRET.fullmatch(value))


def _value(value: str) -> str:
    longest = environment_limits().value
    if len(value.encode()) > longest:
        raise refuse(f"SageMaker takes {longest} bytes at most")
    if _MEANT_AS_SECRET.match(value) and not is_secret(value):
        raise refuse(
            "must be a whole ARN, as arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf (the "
            "six characters are Secrets Manager's) or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME"
        )
    return value


def _name(name: str) -> str:
    limits = environment_limits()
    if len(name) > limits.name or not re.fullmatch(limits.pattern, name):
        raise refuse(
            "a variable's name is letters, digits and underscores, and begins with no digit"
        )
    return name


Variables = dict[Annotated[str, AfterValidator(_name)], Annotated[str, AfterValidator(_value)]]


class StageContainerSettings(Table):
    """`[<stage>.container]`."""

    environment: Annotated[Variables, Field(default_factory=dict)]
    """variables of the model's own, and those of the server (docs/container.md); where a value is
    the ARN of a secret of Secrets Manager or of a parameter of Systems Manager, the container gets
    the ARN, and its role may read that one"""
    secret_keys: Array[
        Annotated[
            str,
            matching(
                rf"{_ARN}kms{_PLACE}key/[a-z0-9-]+",
                'must be a key\'s ARN, as "arn:aws:kms:REGION:ACCOUNT:key/ID"',
            ),
        ]
    ] = ()
    """the KMS keys of your own that these secrets are encrypted with; AWS's own keys need none"""

    @property
    def secrets(self) -> dict[str, str]:
        """The ARNs that the container may read, by their variables."""
        return {name: value for name, value in self.environment.items() if is_secret(value)}
