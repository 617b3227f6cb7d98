"""Names and environment, within SageMaker's and CloudFormation's limits."""

from collections.abc import Iterator, Mapping

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding, IncompatibleError
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


def check_environment(environment: Mapping[str, str]) -> None:
    """Hold a container's environment to SageMaker's limits.

    Source: ContainerDefinition.Environment in SageMaker's service model: 100 entries, 1,024 bytes
    for each key and value, 32 KB together.

    Raises:
        IncompatibleError: with one line a variable that is too long, or for too many of them.
    """
    sizes = {name: (len(name.encode()), len(value.encode())) for name, value in environment.items()}
    lines = [
        f"environment: {name[:40]}: {max(size)} bytes; a name or value has 1,024 at most"
        for name, size in sizes.items()
        if max(size) > 1024
    ]
    if len(environment) > 100:
        lines.append(f"environment: {len(environment)} variables; a container has 100 at most")
    if (total := sum(map(sum, sizes.values()))) > 32 * 1024:
        lines.append(f"environment: {total} bytes; a container has 32,768 at most")
    if lines:
        raise IncompatibleError("\n".join(lines))
