"""Assertions of cases, and the exceptions that end a case without a pass."""


class Failed(Exception):  # noqa: N818 - a verdict
    """The container does not fulfil the case; the message says what it did."""


class Skipped(Exception):  # noqa: N818
    """The case does not apply; the message says why."""


def required(condition: object, otherwise: str) -> None:
    """Fail the case with `otherwise` unless the condition holds."""
    if not condition:
        raise Failed(otherwise)
