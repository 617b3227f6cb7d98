"""The qa stage of the project's own stages.toml: a canary, and the alarms that end it."""

from pathlib import Path

import pytest

from tests.end_to_end.caller import Caller
from tests.end_to_end.conftest import an_aws
from tests.end_to_end.example_model import ENTITIES, entities, fails_on_the_request

pytestmark = pytest.mark.long


def with_time_to_be_seen(stages: Path) -> None:
    """Long waits, of which the alarm spares most; and no alarm at how slow this machine is."""
    text = stages.read_text()
    for old, new in (
        ("step_percent = 50\nbake_seconds = 300", "step_percent = 50\nwait_seconds = 3000"),
        ("model_latency_p99_ms = 500", "model_latency_p99_ms = 60000"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    stages.write_text(text)


def test_a_canary_whose_model_errs_goes_back_by_the_stages_own_alarm(project: Path) -> None:
    with_time_to_be_seen(project / "stages.toml")
    with an_aws(project, "qa") as qa:
        deployed = qa.cdk("deploy", "qa/Serving", "--require-approval", "never")
        assert deployed.returncode == 0, deployed.stdout
        sagemaker, runtime = qa.client("sagemaker"), qa.client("sagemaker-runtime")
        before = sagemaker.describe_endpoint(EndpointName=qa.endpoint)
        assert before["ProductionVariants"][0]["CurrentInstanceCount"] == 2

        fails_on_the_request(project / "build" / "model")
        with Caller(qa.client("sagemaker-runtime"), qa.endpoint) as caller:
            failed = qa.cdk("deploy", "qa/Serving", "--require-approval", "never")

        assert failed.returncode == 1
        assert f"{qa.endpoint}-AllTraffic-5xx" in failed.stdout, failed.stdout
        # The canary had its share, and nobody else noticed.
        assert caller.failures
        assert all("ModelError" in failure for failure in caller.failures), caller.failures
        assert all(answer == ENTITIES for answer in caller.answers)
        after = sagemaker.describe_endpoint(EndpointName=qa.endpoint)
        assert after["EndpointStatus"] == "InService"
        assert after["EndpointConfigName"] == before["EndpointConfigName"]
        assert entities(runtime, qa.endpoint) == ENTITIES
        (stack,) = qa.client("cloudformation").describe_stacks(StackName=f"{qa.endpoint}-serving")[
            "Stacks"
        ]
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
