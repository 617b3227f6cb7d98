"""The kinds of values that stand in stages.toml, and how a wrong one is refused."""

import re
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from stacks.aws_data import instance_types, sagemaker_regions
from stacks.settings.mistakes import nearest

# PutRetentionPolicy takes these alone (a test holds them against CloudFormation's own schema).
# fmt: off
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)
# fmt: on

# The areas of IANA's names; what stands outside of them (US/Eastern, GB) is another name for one.
_TIME_ZONE = re.compile(
    r"UTC|(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific)"
    r"(/[A-Za-z0-9_+-]+)+"
)
# RFC 9110, 8.3.1: type/subtype, and parameters whose values may stand in quotes.
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PARAMETER = rf'[ \t]*;[ \t]*{_WORD}=({_WORD}|"([^"\\\x00-\x1f\x7f]|\\[ -~])*")'


class SettingsError(Exception):
    """stages.toml cannot be used; the text is one line a mistake."""


class Table(BaseModel):
    """A table of stages.toml: frozen, no unknown keys, no silent conversions.

    The string under a key is its description in docs/settings.md and in messages.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make one line of each description."""
        super().__pydantic_init_subclass__(**kwargs)
        for field in cls.model_fields.values():
            field.description = field.description and " ".join(field.description.split())


def refuse(reason: str) -> PydanticCustomError:
    """The error of a value that is wrong by itself."""
    # Braces in a value must not be taken for the template's own.
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


def conflict(reason: str) -> PydanticCustomError:
    """The error of a value that is wrong beside another one, which may stand in another table."""
    return PydanticCustomError("conflict", "{reason}", {"reason": reason})


def matching(pattern: str, reason: str) -> AfterValidator:
    """The check that a text matches a regular expression as a whole."""
    known = re.compile(pattern)

    def check(value: str) -> str:
        if not known.fullmatch(value):
            raise refuse(reason)
        return value

    return AfterValidator(check)


def _instance_type(value: str) -> str:
    known = instance_types("hosting")
    if value not in known:
        raise refuse("no such SageMaker instance type" + nearest(value, known))
    return value


def _region(value: str) -> str:
    known = sagemaker_regions()
    if value not in known:
        raise refuse("no region that has SageMaker" + nearest(value, known))
    return value


def _retention_days(value: int) -> int:
    if value not in RETENTION_DAYS:
        nearest_days = min(RETENTION_DAYS, key=lambda days: abs(days - value))
        raise refuse(f"CloudWatch Logs has no such retention; the nearest is {nearest_days}")
    return value


def _time_zone(value: str) -> str:
    # PutScheduledAction.Timezone of Application Auto Scaling: IANA's canonical names.
    if not _TIME_ZONE.fullmatch(value):
        raise refuse('must be "UTC" or a canonical IANA name, as "Europe/Berlin"')
    try:
        return value if value == "UTC" else ZoneInfo(value).key
    except (OSError, ValueError, KeyError):  # a folder of zones, a bad file, none of that name
        raise refuse("no such time zone in this machine's IANA database") from None


def _resource_id(prefix: str) -> AfterValidator:
    return matching(rf"{prefix}-[0-9a-f]{{8,17}}", f'must be an id as "{prefix}-0123456789abcdef0"')


InstanceType = Annotated[str, AfterValidator(_instance_type)]
Region = Annotated[str, AfterValidator(_region)]
RetentionDays = Annotated[int, AfterValidator(_retention_days)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
# SageMaker's names hold letters, digits and hyphens, 63 at most: <project>-<stage> has to fit.
ProjectName = Annotated[
    str,
    matching(
        r"(?=.{1,32}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "must be 1 to 32 lower-case letters, digits and single hyphens inside",
    ),
]
VariantName = Annotated[
    str,
    matching(
        r"[A-Za-z0-9](-*[A-Za-z0-9]){0,31}", "must be 1 to 32 letters, digits and hyphens inside"
    ),
]
Account = Annotated[str, matching(r"[0-9]{12}", "must be an AWS account id: 12 digits in quotes")]
Email = Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "must be an e-mail address")]
# Of Application Auto Scaling and of EventBridge Scheduler alike.
Schedule = Annotated[
    str,
    matching(
        r"(cron\(\S+( \S+){5}\)|rate\([1-9]\d* (minute|hour|day)s?\))",
        'must be as "cron(0 7 ? * MON-FRI *)" (six fields) or "rate(1 day)"',
    ),
]
# TransformInput.ContentType and TransformOutput.Accept of SageMaker: 256 characters at most.
MediaType = Annotated[
    str,
    matching(
        rf"(?=.{{1,256}}$){_WORD}/{_WORD}({_PARAMETER})*",
        'must be a media type of 256 characters at most, as "text/csv"',
    ),
]
S3Archive = Annotated[
    str,
    matching(
        r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+\.tar\.gz",
        'must be as "s3://BUCKET/PATH/model.tar.gz"',
    ),
]
Sha256 = Annotated[
    str, matching(r"[0-9a-f]{64}", "must be a SHA-256: 64 lower-case hexadecimal digits")
]
# What a metric filter's selector can name.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
Label = Annotated[
    str,
    matching(
        r"[A-Za-z0-9._-]{1,64}",
        "must be letters, digits, periods, hyphens and underscores, as the label is",
    ),
]
Repository = Annotated[
    str,
    matching(
        r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/[A-Za-z0-9._-]{1,100}",
        'must be as "owner/name", as it stands in the repository\'s address',
    ),
]
VpcId = Annotated[str, _resource_id("vpc")]
SubnetId = Annotated[str, _resource_id("subnet")]
SecurityGroupId = Annotated[str, _resource_id("sg")]
Percent = Annotated[float, Field(gt=0, le=100)]

_Item = TypeVar("_Item")
# TOML has arrays, which are lists: a strict tuple would take none.
Array = Annotated[tuple[_Item, ...], Field(strict=False)]
