"""Who signs releases, and whose signatures are taken."""

from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding


def signers_are_of_the_stages_account(stage: CheckedStage) -> Iterator[Finding]:
    """Releases are signed by roles of the account that their stage is in.

    Source: the policy of the stage's key, which lets principals of its own account sign
    (stacks/signed_releases.py).
    """
    for index, role in enumerate(stage.settings.releases.signers):
        if _account(role) != stage.settings.account:
            yield stage.refuse(
                f"releases.signers[{index}]",
                f"the key signs for roles of the stage's account, {stage.settings.account}, alone;"
                f" name one of it, in [{stage.name}.releases]",
            )


def trusted_keys_are_of_the_stage_before(stage: CheckedStage) -> Iterator[Finding]:
    """Trusted keys are those of the stage that releases come from; to the first stage none come.

    Source: `[releases]` in stacks/settings/releases.py.
    """
    before, keys = stage.before, stage.settings.releases.trusted_keys
    if keys and before is None:
        yield stage.warn(
            "releases.trusted_keys",
            "does nothing: no release is promoted to the first stage; name the keys of"
            f" {stage.name} in the stage after it",
        )
        return
    for index, key in enumerate(keys):
        if before is not None and _account(key) != before.settings.account:
            yield stage.refuse(
                f"releases.trusted_keys[{index}]",
                f"releases come from {before.names.stage}, whose key is in account"
                f" {before.settings.account}; name a key of it",
            )


def _account(arn: str) -> str:
    return arn.split(":")[4]
