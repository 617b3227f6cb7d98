"""The kinds of values that stand in stages.toml, and how a wrong one is refused."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from stacks.aws_data import hosting_instance_types, sagemaker_regions
from stacks.settings.mistakes import nearest

# PutRetentionPolicy takes these alone (a test holds them against CloudFormation's own schema).
# fmt: off
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)
# fmt: on

# SageMaker's names hold letters, digits and hyphens, 63 at most: <project>-<stage> has to fit.
_PROJECT_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VARIANT_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,31}")
# The areas of IANA's names; what stands outside of them (US/Eastern, GB) is another name for one.
_TIME_ZONE = re.compile(
    r"UTC|(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific)"
    r"(/[A-Za-z0-9_+-]+)+"
)
# RFC 9110, 8.3.1: type/subtype, and parameters whose values may stand in quotes.
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MEDIA_TYPE = re.compile(
    rf'{_WORD}/{_WORD}([ \t]*;[ \t]*{_WORD}=({_WORD}|"([^"\\\x00-\x1f\x7f]|\\[ -~])*"))*'
)


class SettingsError(Exception):
    """stages.toml cannot be used; the text is one line a mistake."""


class Table(BaseModel):
    """A table of stages.toml: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def refuse(reason: str) -> PydanticCustomError:
    """The error of a value that is wrong by itself."""
    # Braces in a value must not be taken for the template's own.
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


def conflict(reason: str) -> PydanticCustomError:
    """The error of a value that is wrong beside another one, which may stand in another table."""
    return PydanticCustomError("conflict", "{reason}", {"reason": reason})


def _project_name(value: str) -> str:
    if not _PROJECT_NAME.fullmatch(value) or len(value) > 32:
        raise refuse("must be 1 to 32 lower-case letters, digits and single hyphens inside")
    return value


def _variant_name(value: str) -> str:
    if not _VARIANT_NAME.fullmatch(value):
        raise refuse("must be 1 to 32 letters, digits and hyphens inside")
    return value


def _instance_type(value: str) -> str:
    known = hosting_instance_types()
    if value not in known:
        raise refuse("no such SageMaker instance type" + nearest(value, known))
    return value


def _region(value: str) -> str:
    known = sagemaker_regions()
    if value not in known:
        raise refuse("no region that has SageMaker" + nearest(value, known))
    return value


def _account(value: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", value):
        raise refuse("must be an AWS account id: 12 digits in quotes")
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise refuse("must be an e-mail address")
    return value


def _retention_days(value: int) -> int:
    if value not in RETENTION_DAYS:
        nearest_days = min(RETENTION_DAYS, key=lambda days: abs(days - value))
        raise refuse(f"CloudWatch Logs has no such retention; the nearest is {nearest_days}")
    return value


def _schedule(value: str) -> str:
    # Of Application Auto Scaling and of EventBridge Scheduler alike.
    if not re.fullmatch(r"(cron\(\S+( \S+){5}\)|rate\([1-9]\d* (minute|hour|day)s?\))", value):
        raise refuse('must be as "cron(0 7 ? * MON-FRI *)" (six fields) or "rate(1 day)"')
    return value


def _time_zone(value: str) -> str:
    # PutScheduledAction.Timezone of Application Auto Scaling: IANA's canonical names.
    if not _TIME_ZONE.fullmatch(value):
        raise refuse('must be "UTC" or a canonical IANA name, as "Europe/Berlin"')
    try:
        return value if value == "UTC" else ZoneInfo(value).key
    except (OSError, ValueError, KeyError):  # a folder of zones, a bad file, none of that name
        raise refuse("no such time zone in this machine's IANA database") from None


def _media_type(value: str) -> str:
    # TransformInput.ContentType and TransformOutput.Accept of SageMaker: 256 characters at most.
    if not _MEDIA_TYPE.fullmatch(value) or len(value) > 256:
        raise refuse('must be a media type of 256 characters at most, as "text/csv"')
    return value


def _s3_uri(value: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+\.tar\.gz", value):
        raise refuse('must be as "s3://BUCKET/PATH/model.tar.gz"')
    return value


def _sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise refuse("must be a SHA-256: 64 lower-case hexadecimal digits")
    return value


def _label(value: str) -> str:
    # What a metric filter's selector can name.
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise refuse("must be letters, digits, periods, hyphens and underscores, as the label is")
    return value


def _resource_id(prefix: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(rf"{prefix}-[0-9a-f]{{8,17}}", value):
            raise refuse(f'must be an id as "{prefix}-0123456789abcdef0"')
        return value

    return AfterValidator(check)


ProjectName = Annotated[str, AfterValidator(_project_name)]
VariantName = Annotated[str, AfterValidator(_variant_name)]
InstanceType = Annotated[str, AfterValidator(_instance_type)]
Region = Annotated[str, AfterValidator(_region)]
Account = Annotated[str, AfterValidator(_account)]
Email = Annotated[str, AfterValidator(_email)]
RetentionDays = Annotated[int, AfterValidator(_retention_days)]
Schedule = Annotated[str, AfterValidator(_schedule)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
MediaType = Annotated[str, AfterValidator(_media_type)]
S3Archive = Annotated[str, AfterValidator(_s3_uri)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
Label = Annotated[str, AfterValidator(_label)]
VpcId = Annotated[str, _resource_id("vpc")]
SubnetId = Annotated[str, _resource_id("subnet")]
SecurityGroupId = Annotated[str, _resource_id("sg")]
Percent = Annotated[float, Field(gt=0, le=100)]
