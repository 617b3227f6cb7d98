"""Which roles GitHub's jobs have, and what `berth roles` tells a workflow of them."""

from pathlib import Path

import pytest

from stacks.job_roles import contexts, outputs
from stacks.settings import Settings, SettingsError
from stacks.settings.pipeline import PipelineSettings

ROOT = Path(__file__).parents[2]


def test_a_subject_names_the_repository_and_its_ids() -> None:
    pipeline = PipelineSettings.model_validate(
        {"repository": "octo-org/ner", "ids": {"owner": 123456, "repository": 456789}}
    )
    assert pipeline.subject("environment:prod") == (
        "repo:octo-org@123456/ner@456789:environment:prod"
    )


def test_a_subject_of_a_repository_whose_tokens_have_no_ids_names_it_alone() -> None:
    pipeline = PipelineSettings.model_validate({"repository": "octo-org/ner"})
    assert pipeline.subject("pull_request") == "repo:octo-org/ner:pull_request"


def test_a_stage_is_written_by_its_own_job_and_read_by_the_next_stages(settings: Settings) -> None:
    assert {stage: contexts(settings, stage) for stage in settings.stages} == {
        "dev": {
            "plan": "pull_request",
            "deploy": "environment:dev",
            "source": "environment:qa",
        },
        "qa": {
            "plan": "pull_request",
            "deploy": "environment:qa",
            "source": "environment:prod",
        },
        "prod": {"plan": "pull_request", "deploy": "environment:prod"},
    }


def test_a_job_is_told_of_the_two_roles_of_its_promotion(settings: Settings) -> None:
    assert outputs(settings, "qa") == {
        "region": "eu-central-1",
        "plan": "arn:aws:iam::222222222222:role/berth-qa-plan",
        "deploy": "arn:aws:iam::222222222222:role/berth-qa-deploy",
        "source": "arn:aws:iam::111111111111:role/berth-dev-source",
        "source-region": "eu-central-1",
    }


def test_the_first_stage_is_promoted_to_from_nowhere(settings: Settings) -> None:
    assert outputs(settings, "dev") == {
        "region": "eu-central-1",
        "plan": "arn:aws:iam::111111111111:role/berth-dev-plan",
        "deploy": "arn:aws:iam::111111111111:role/berth-dev-deploy",
    }


def test_a_stage_that_is_not_there_is_told_in_a_line(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="no stage 'staging'; there are dev, qa, prod"):
        outputs(settings, "staging")


def test_without_a_table_pipeline_there_are_no_roles(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"^stages.toml: no table \[pipeline\]"):
        outputs(settings.model_copy(update={"pipeline": None}), "dev")
