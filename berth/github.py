"""GitHub's environments, whose rules stand between a push and a stage: looked at, and protected.

By `gh api`, with the token that `gh` has.
https://docs.github.com/en/rest/deployments/environments
https://docs.github.com/en/rest/deployments/branch-policies
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

from stacks.settings import Settings, SettingsError
from stacks.settings.pipeline import PipelineSettings

BRANCH = "main"
"""What the workflows deploy from."""

_SECONDS = 30
_BY_HAND = "administrators may bypass its rules; turn that off on its page, which no API does"


class GitHubError(Exception):
    """GitHub cannot be asked, or refuses; the text is one line."""


class NotThereError(GitHubError):
    """What was asked for does not exist, or the token may not see it."""


def weaknesses(settings: Settings, pipeline: PipelineSettings, stage: str) -> Iterator[str]:
    """What of a stage's environment does not hold, a line each.

    Raises GitHubError where nobody can be asked.
    """
    path = _path(pipeline, stage)
    try:
        found = _api(path)
    except NotThereError:
        yield "there is none, or its token may not see it: a job would make one without rules"
        return
    rules = found.get("protection_rules") or []
    reviews = [one for one in rules if one.get("type") == "required_reviewers"]
    policy = found.get("deployment_branch_policy") or {}
    if policy.get("custom_branch_policies"):
        listed = _api(f"{path}/deployment-branch-policies").get("branch_policies") or []
        others = sorted(str(one.get("name")) for one in listed if one.get("name") != BRANCH)
        if others:
            yield f"may be deployed to from {', '.join(others)}"
    elif not policy.get("protected_branches"):
        yield f"may be deployed to from any branch, not from {BRANCH} alone"
    if not settings.stages[stage].production:
        return
    if not any(one.get("reviewers") for one in reviews):
        yield "nobody has to approve a deployment"
    elif not all(one.get("prevent_self_review") for one in reviews):
        yield "who starts a deployment may approve it"
    if found.get("can_admins_bypass"):
        yield _BY_HAND


def check_owners(settings: Settings, pipeline: PipelineSettings) -> None:
    """Raise SettingsError where nobody is named who approves deployments to production."""
    for stage, chosen in settings.stages.items():
        if chosen.production and not pipeline.owners:
            raise SettingsError(
                f"{settings.file.name}: pipeline.owners = []: name who approves deployments to "
                f'{stage}, as "@octo-org/platform"'
            )


def protect(settings: Settings, pipeline: PipelineSettings, stage: str) -> None:
    """Make a stage's environment, or change its rules: from main alone, production approved.

    Raises GitHubError where GitHub refuses.
    """
    rules: dict[str, Any] = {
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}
    }
    if settings.stages[stage].production:
        rules["reviewers"] = [_reviewer(owner) for owner in pipeline.owners]
        rules["prevent_self_review"] = True
    path = _path(pipeline, stage)
    _api(path, "PUT", rules)
    policies = f"{path}/deployment-branch-policies"
    there = _api(policies).get("branch_policies") or []
    for one in there:
        if one.get("name") != BRANCH:
            _api(f"{policies}/{int(one['id'])}", "DELETE")
    if not any(one.get("name") == BRANCH for one in there):
        _api(policies, "POST", {"name": BRANCH, "type": "branch"})


def _path(pipeline: PipelineSettings, stage: str) -> str:
    return f"repos/{pipeline.repository}/environments/{stage}"


def _reviewer(owner: str) -> dict[str, Any]:
    name, _, team = owner.removeprefix("@").partition("/")
    found = _api(f"orgs/{name}/teams/{team}" if team else f"users/{name}")
    return {"type": "Team" if team else "User", "id": int(found["id"])}


def _api(path: str, method: str = "GET", body: dict[str, Any] | None = None) -> dict[str, Any]:
    program = shutil.which("gh")
    if program is None:
        raise GitHubError("gh is not installed")
    given = ["--input", "-"] if body is not None else []
    try:
        done = subprocess.run(
            [program, "api", "--method", method, path, *given],
            input=json.dumps(body) if body is not None else "",
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise GitHubError(f"gh has no answer in {_SECONDS} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"gh ends with status {done.returncode}"]
        text = "".join(one if one.isprintable() else "?" for one in lines[-1][:300])
        raise (NotThereError if "HTTP 404" in done.stderr else GitHubError)(text)
    try:
        answer = json.loads(done.stdout or "{}")
    except ValueError:
        raise GitHubError(f"gh answers no JSON to {method} {path}") from None
    return answer if isinstance(answer, dict) else {}
