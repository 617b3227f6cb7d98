"""The CDK app of the roles that GitHub's jobs assume: docs/ci.md.

`cdk deploy --app 'python pipeline.py' 'dev/*'`, with credentials of a stage's account. It is an
app of its own: a pipeline does not deploy its own permissions.
"""

import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from app import new_app
from promotion.permissions import statements
from stacks.compliance import packs
from stacks.job_roles import contexts, pipeline_of
from stacks.pipeline_roles import JobRole, PipelineRolesStack
from stacks.settings import Settings, SettingsError, load
from stacks.stage_plan import StageNames

# A promotion takes as long as the update of its endpoint. The bootstrap roles that the CDK CLI
# assumes from here last an hour, and are assumed again.
SESSION = cdk.Duration.hours(2)


def add_roles(app: cdk.App, settings: Settings) -> None:
    """Add the stack of roles of every stage.

    Raises SettingsError where stages.toml has no table `[pipeline]`.
    """
    pipeline = pipeline_of(settings)
    with_provider = set(pipeline.accounts_with_provider)
    for stage, chosen in settings.stages.items():
        names = StageNames(settings.project, stage)
        roles = [
            JobRole(
                purpose=purpose.capitalize(),
                name=names.job_role(purpose),
                subject=pipeline.subject(context),
                statements=_statements(purpose, settings, stage),
            )
            for purpose, context in contexts(settings, stage).items()
        ]
        environment = cdk.Environment(account=chosen.account, region=chosen.region)
        PipelineRolesStack(
            cdk.Stage(app, stage, env=environment),
            "PipelineRoles",
            stack_name=names.pipeline_roles_stack,
            roles=roles,
            makes_provider=chosen.account not in with_provider,
            session=SESSION,
        )
        with_provider.add(chosen.account)


def _statements(purpose: str, settings: Settings, stage: str) -> list[dict[str, Any]]:
    match purpose:
        case "source":
            return statements("source", settings, stage)
        case "deploy":
            # Of the first stage, too, to which nothing is copied: the CDK's publishing roles, which
            # every deployment assumes, may write the same.
            return statements("target", settings, stage)
        case _:
            return [_read_templates(settings, stage)]


def _read_templates(settings: Settings, stage: str) -> dict[str, Any]:
    """What `berth plan` asks CloudFormation."""
    stacks = StageNames(settings.project, stage).stack("*")
    region, account = settings.stages[stage].region, settings.stages[stage].account
    return {
        "Effect": "Allow",
        "Action": ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"],
        "Resource": f"arn:aws:cloudformation:{region}:{account}:stack/{stacks}/*",
    }


def main() -> None:
    """Synthesize the roles of every stage of stages.toml."""
    app = new_app()
    add_roles(app, load(Path(app.node.try_get_context("stages") or "stages.toml")))
    packs.apply_to_job_roles(app)
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except SettingsError as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)
