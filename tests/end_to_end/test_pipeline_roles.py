"""The roles for GitHub's jobs, deployed by the real CDK CLI as docs/ci.md says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Deployment, an_aws

pytestmark = pytest.mark.long

APP = ("--app", "python pipeline.py", "dev/*")


@pytest.fixture
def account(project: Path) -> Iterator[Deployment]:
    file = project / "stages.toml"
    known = 'accounts_with_provider = ["'
    assert known in file.read_text()
    # The emulator knows no OIDC provider in a template: the account has one already.
    file.write_text(file.read_text().replace(known, f'{known}111111111111", "'))
    with an_aws(project, "dev") as made:
        yield made


def test_the_roles_are_deployed_and_nothing_is_left_to_change(account: Deployment) -> None:
    deployed = account.cdk("deploy", *APP, "--require-approval", "never")
    assert deployed.returncode == 0, deployed.stdout
    iam = account.client("iam")
    for purpose in ("plan", "deploy", "source"):
        role = iam.get_role(RoleName=f"berth-dev-{purpose}")["Role"]
        assert role["MaxSessionDuration"] == 7200
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject == "repo:octo-org@123456/ner@456789:environment:qa"
    unchanged = account.cdk("diff", "--fail", *APP)
    assert unchanged.returncode == 0, unchanged.stdout


def test_without_the_table_the_cli_says_so_in_a_line(project: Path) -> None:
    shutil.copy(project / "examples" / "real-time" / "stages.toml", project)
    with an_aws(project, "prod") as made:
        refused = made.cdk("deploy", *APP[:2], "prod/*")
    assert refused.returncode != 0
    assert "stages.toml: no table [pipeline]; docs/ci.md has an example" in refused.stdout
