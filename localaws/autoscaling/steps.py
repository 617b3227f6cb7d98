"""Step scaling, as pure functions: the capacity for a breach of the alarm's threshold.

After the Application Auto Scaling user guide's page on step scaling.
"""

import math
from itertools import pairwise

from localaws.json_api import refuse
from localaws.scope import Document


def check(configuration: Document) -> None:
    """Raise AwsError (ValidationException) for steps that leave a gap, overlap or are empty."""
    steps = configuration.get("StepAdjustments")
    refuse(
        not steps or "AdjustmentType" not in configuration,
        "StepScaling needs an AdjustmentType and at least one StepAdjustment.",
    )
    bounds = sorted(_interval(step) for step in steps or ())
    refuse(
        any(lower >= upper for lower, upper in bounds),
        "Each step needs a MetricIntervalLowerBound below its MetricIntervalUpperBound.",
    )
    refuse(
        any(upper != lower for (_, upper), (lower, _) in pairwise(bounds)),
        "Step adjustment intervals must neither overlap nor leave a gap.",
    )


def _interval(step: Document) -> tuple[float, float]:
    lower = step.get("MetricIntervalLowerBound")
    upper = step.get("MetricIntervalUpperBound")
    return -math.inf if lower is None else lower, math.inf if upper is None else upper


def desired_capacity(
    current: int, configuration: Document, breach: float, minimum: int, maximum: int
) -> int:
    """The capacity within [minimum, maximum] that a metric `breach` above its threshold asks for.

    The current one where no step holds that breach.
    """
    for step in configuration["StepAdjustments"]:
        lower, upper = _interval(step)
        # Above the threshold the lower bound is part of the step, below it the upper one.
        inside = lower <= breach < upper if breach >= 0 else lower < breach <= upper
        # With a breach of 0 a step that ends there has been reached as well.
        if inside or (breach == 0 == upper):
            wanted = _adjusted(current, configuration, step["ScalingAdjustment"])
            return min(max(wanted, minimum), maximum)
    return current


def _adjusted(current: int, configuration: Document, adjustment: int) -> int:
    kind = configuration["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return current + adjustment
    change = current * adjustment / 100
    # Towards zero, but at least one.
    whole = math.trunc(change) if abs(change) >= 1 else int(math.copysign(change != 0, change))
    least = configuration.get("MinAdjustmentMagnitude", 0)
    return current + int(math.copysign(max(abs(whole), least), adjustment))
