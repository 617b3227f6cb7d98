"""Names, within SageMaker's and CloudFormation's limits."""

from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.settings.mistakes import toml_value

ENDPOINT_NAME = 63
ALARM_NAME = 255


def names_are_short_enough(stage: CheckedStage) -> Iterator[Finding]:
    """Endpoint names have 63 characters at most, and alarm names 255.

    Stacks are named after the endpoint, and may have names of 128 characters. Source: EndpointName
    and AlarmName in SageMaker's service model; CreateStack.StackName of CloudFormation's API.
    """
    name, project = stage.plan.names.endpoint, stage.plan.names.project
    if len(name) > ENDPOINT_NAME:  # with room for what follows it in the names of stacks
        yield Finding(
            "refusal",
            stage.name,
            f"{stage.plan.file.name}: project{toml_value(project)}",
            f"the endpoint {name} has {len(name)} characters and {ENDPOINT_NAME} at most; "
            "shorten it",
        )
    for index, alarm in enumerate(stage.settings.update.rollback_alarms):
        if not alarm.isprintable() or not 1 <= len(alarm.strip()) <= len(alarm) <= ALARM_NAME:
            yield stage.refuse(
                f"update.rollback_alarms[{index}]",
                f"alarm names have 1 to {ALARM_NAME} characters, and no control characters",
            )
