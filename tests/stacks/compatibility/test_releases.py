"""Who signs releases, and whose signatures are taken."""

from dataclasses import replace

import pytest

from stacks.compatibility import releases
from stacks.compatibility.checked import CheckedStage
from tests.stacks.compatibility.asking import Case, found, hold, plan_of, stage_that_asks

ROLE = "arn:aws:iam::{}:role/berth-dev-deploy"
KEY = "arn:aws:kms:us-east-1:{}:key/1234abcd"
OWN, OTHER = "111111111111", "222222222222"


CASES = [
    Case(
        releases.signers_are_of_the_stages_account,
        f'releases.signers = ["{ROLE.format(OWN)}", "{ROLE.format(OTHER)}"]',
        f'dev.releases.signers[1] = "{ROLE.format(OTHER)}": the key signs for roles of the'
        f" stage's account, {OWN}, alone; name one of it, in [dev.releases]",
        f'releases.signers = ["{ROLE.format(OWN)}"]',
    ),
    Case(
        releases.trusted_keys_are_of_the_stage_before,
        f'releases.trusted_keys = ["{KEY.format(OWN)}"]',
        "does nothing: no release is promoted to the first stage",
        "releases.trusted_keys = []",
        warns=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_does_nothing_or_cannot_work_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)


def after_another(account: str) -> CheckedStage:
    """A stage that trusts a key of an account, after a stage of another."""
    asked = stage_that_asks(f'releases.trusted_keys = ["{KEY.format(account)}"]')
    before = plan_of(f'account = "{OTHER}"')
    return replace(asked, before=before)


def test_a_trusted_key_is_of_the_account_that_releases_come_from() -> None:
    (refused,) = found(releases.trusted_keys_are_of_the_stage_before, after_another(OWN))
    assert refused.severity == "refusal"
    assert f"whose key is in account {OTHER}; name a key of it" in str(refused)
    assert found(releases.trusted_keys_are_of_the_stage_before, after_another(OTHER)) == []
