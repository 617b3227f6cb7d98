"""The names of a stage's things."""

import pytest

from stacks.stage_plan import StageNames

NAMES = StageNames("ner", "dev")
# As long as stages.toml lets a project's and a stage's name be.
LONGEST = StageNames("p" * 32, "s" * 16)


def test_every_name_has_the_project_and_the_stage_in_it() -> None:
    properties = [name for name in vars(StageNames) if isinstance(vars(StageNames)[name], property)]
    assert len(properties) > 10
    for name in properties:
        assert "ner-dev" in getattr(NAMES, name), name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAMES.endpoint, "ner-dev"),
        (NAMES.storage_stack, "ner-dev-storage"),
        (NAMES.serving_stack, "ner-dev-serving"),
        (NAMES.monitoring_stack, "ner-dev-monitoring"),
        (NAMES.pipeline_roles_stack, "ner-dev-pipeline-roles"),
        (NAMES.job_role("deploy"), "ner-dev-deploy"),
        (NAMES.alarm("unhealthy"), "ner-dev-unhealthy"),
        (NAMES.saved_query("failures"), "ner-dev/failures"),
        (NAMES.endpoint_logs, "/aws/sagemaker/Endpoints/ner-dev"),
        (NAMES.component_logs, "/aws/sagemaker/InferenceComponents/ner-dev"),
    ],
)
def test_names_are_those_that_deployed_stages_have(name: str, expected: str) -> None:
    assert name == expected


def test_the_longest_names_are_no_longer_than_aws_takes() -> None:
    assert len(LONGEST.endpoint) <= 63
    assert len(LONGEST.job_role("source")) <= 64
    assert len(LONGEST.state_machine) <= 80
    stacks = (LONGEST.monitoring_stack, LONGEST.pipeline_roles_stack)
    assert max(map(len, stacks)) <= 128
