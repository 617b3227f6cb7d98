"""Which roles there are for GitHub's jobs, by name, and which job may assume each.

A job's environment has its stage's name, and stages come in the order of stages.toml.
"""

from stacks.settings import Settings, SettingsError
from stacks.settings.pipeline import PipelineSettings
from stacks.stage_plan import StageNames


def pipeline_of(settings: Settings) -> PipelineSettings:
    """The table `[pipeline]`; raises SettingsError where there is none."""
    if settings.pipeline is None:
        raise SettingsError(f"{settings.file.name}: no table [pipeline]; docs/ci.md has an example")
    return settings.pipeline


def contexts(settings: Settings, stage: str) -> dict[str, str]:
    """The roles of a stage's account by purpose, each with the context that it is for.

    - plan: reads what is deployed, for pull requests
    - deploy: changes the stage: deploys or promotes to it, records and verifies
    - source: reads the stage, while its release goes to the next one
    """
    names = list(settings.stages)
    roles = {"plan": "pull_request", "deploy": f"environment:{stage}"}
    if stage != names[-1]:
        roles["source"] = f"environment:{names[names.index(stage) + 1]}"
    return roles


def outputs(settings: Settings, stage: str) -> dict[str, str]:
    """What a workflow has to know to assume the roles of a stage's job, as outputs of a step.

    Raises SettingsError where there is no such stage, or no table `[pipeline]`.
    """
    pipeline_of(settings)
    found = {"region": settings.stage(stage).region}
    for purpose in contexts(settings, stage):
        if purpose != "source":  # of the next stage's job
            found[purpose] = _arn(settings, stage, purpose)
    names = list(settings.stages)
    if names[0] != stage:
        before = names[names.index(stage) - 1]
        found["source"] = _arn(settings, before, "source")
        found["source-region"] = settings.stages[before].region
    return found


def _arn(settings: Settings, stage: str, purpose: str) -> str:
    role = StageNames(settings.project, stage).job_role(purpose)
    return f"arn:aws:iam::{settings.stages[stage].account}:role/{role}"
