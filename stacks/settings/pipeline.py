"""Which GitHub repository's jobs may reach the stages' accounts."""

from typing import Annotated

from pydantic import Field

from stacks.settings.values import Account, Array, Repository, Table, matching

Owner = Annotated[
    str,
    matching(
        r"@[A-Za-z0-9](-?[A-Za-z0-9]){0,38}(/[A-Za-z0-9._-]{1,100})?",
        'must be a GitHub user or team, as "@octo-org/platform"',
    ),
]


class RepositoryIds(Table):
    """`[pipeline.ids]`. As `gh api repos/OWNER/NAME --jq '.owner.id, .id'` prints them."""

    owner: Annotated[int, Field(ge=1)]
    """GitHub's id of the owner, for a repository whose tokens have ids"""
    repository: Annotated[int, Field(ge=1)]
    """GitHub's id of the repository"""


class BerthSource(Table):
    """`[pipeline.berth]`, of a repository that holds a stages.toml and not Berth itself."""

    repository: Repository
    """where the workflows get Berth from, as `owner/name`; unset: from here"""
    ref: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    """the tag or commit of Berth that the workflows check out"""


class PipelineSettings(Table):
    """`[pipeline]`. Without this table there are no roles for GitHub's jobs (docs/ci.md)."""

    repository: Repository
    """on GitHub, as `owner/name`; its jobs get the roles of docs/ci.md"""
    ids: RepositoryIds | None = None
    berth: BerthSource | None = None
    accounts_with_provider: Array[Account] = ()
    """accounts that have GitHub's OIDC provider already: there can be just one"""
    owners: Array[Owner] = ()
    """whose review what decides about prod needs, in .github/CODEOWNERS"""

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
