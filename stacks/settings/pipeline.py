"""Which GitHub repository's jobs may reach the stages' accounts."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.values import Account, Table, refuse


def _repository(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/[A-Za-z0-9._-]{1,100}", value):
        raise refuse('must be as "owner/name", as it stands in the repository\'s address')
    return value


class RepositoryIds(Table):
    """`[pipeline.ids]`. As `gh api repos/OWNER/NAME --jq '.owner.id, .id'` prints them."""

    owner: Annotated[
        int,
        Field(ge=1, description="GitHub's id of the owner, for a repository whose tokens have ids"),
    ]
    repository: Annotated[int, Field(ge=1, description="GitHub's id of the repository")]


class BerthSource(Table):
    """`[pipeline.berth]`, of a repository that holds a stages.toml and not Berth itself."""

    repository: Annotated[
        str,
        AfterValidator(_repository),
        Field(description="where the workflows get Berth from, as `owner/name`; unset: from here"),
    ]
    ref: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
            description="the tag or commit of Berth that the workflows check out",
        ),
    ]


def _owner(value: str) -> str:
    if not re.fullmatch(r"@[A-Za-z0-9](-?[A-Za-z0-9]){0,38}(/[A-Za-z0-9._-]{1,100})?", value):
        raise refuse('must be a GitHub user or team, as "@octo-org/platform"')
    return value


class PipelineSettings(Table):
    """`[pipeline]`. Without this table there are no roles for GitHub's jobs (docs/ci.md)."""

    repository: Annotated[
        str,
        AfterValidator(_repository),
        Field(description="on GitHub, as `owner/name`; its jobs get the roles of docs/ci.md"),
    ]
    ids: RepositoryIds | None = None
    berth: BerthSource | None = None
    accounts_with_provider: Annotated[
        tuple[Account, ...],
        Field(
            strict=False,
            description="accounts that have GitHub's OIDC provider already: there can be just one",
        ),
    ] = ()

    owners: Annotated[
        tuple[Annotated[str, AfterValidator(_owner)], ...],
        Field(
            strict=False,
            description="whose review what decides about prod needs, in .github/CODEOWNERS",
        ),
    ] = ()

    def subject(self, context: str) -> str:
        """The `sub` of the tokens of this repository's jobs in a context, as `environment:prod`.

        With ids it is the immutable form, which GitHub gives to repositories made after 15 July
        2026 and to those that opt in, and that form alone: who takes over a name that was given up
        has other ids. https://docs.github.com/en/actions/reference/security/oidc
        https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/
        """
        owner, name = self.repository.split("/")
        if self.ids is not None:
            owner, name = f"{owner}@{self.ids.owner}", f"{name}@{self.ids.repository}"
        return f"repo:{owner}/{name}:{context}"
