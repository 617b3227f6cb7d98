"""Which policies a stage gets, whatever targets its file sets."""

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from stacks.scaling import scale_variants
from tests.stacks.compatibility.asking import plan_of

pytestmark = pytest.mark.slow

ALL = (
    "scaling.invocations_per_instance = 600\nscaling.concurrent_requests_per_model = 4\n"
    "scaling.backlog_per_instance = 5\nscaling.provisioned_concurrency_percent = 70\n"
)


@pytest.mark.parametrize(
    ("mode", "policies"),
    [
        ("real-time", {"invocations-per-instance", "concurrent-requests-per-model"}),
        ("multi-model", {"invocations-per-instance", "concurrent-requests-per-model"}),
        ("async", {"backlog-per-instance"}),
        ("serverless", {"provisioned-concurrency"}),
    ],
)
def test_a_target_whose_metric_the_mode_has_not_makes_no_policy(
    mode: str, policies: set[str]
) -> None:
    plan = plan_of(f'mode = "{mode}"\nserverless.provisioned_concurrency = 2\n' + ALL)
    stack = cdk.Stack(cdk.App(), "Scaled")
    scale_variants(stack, plan, endpoint_name="e")
    found = Template.from_stack(stack).find_resources("AWS::ApplicationAutoScaling::ScalingPolicy")
    assert {policy["Properties"]["PolicyName"] for policy in found.values()} == policies
