"""`.github/CODEOWNERS`: whose review a change needs that decides about prod."""

from pathlib import Path

import pytest

from berth.workflows.owners import codeowners
from tests.berth_cli import status_of
from tests.workflows.stages import TWO, WITHOUT_BERTH, settings_of

OWNERS = 'owners = ["@octo-org/platform", "@octocat"]\n'
WITH = f'{TWO}[pipeline]\nrepository = "octo-org/ner"\n{OWNERS}'


def paths(text: str | None) -> list[str]:
    lines = [line for line in (text or "").splitlines() if not line.startswith("#")]
    assert all(line.endswith(" @octo-org/platform @octocat") for line in lines)
    return [line.split()[0] for line in lines]


def test_what_decides_about_prod_needs_their_review(tmp_path: Path, root: Path) -> None:
    owned = paths(codeowners(settings_of(tmp_path, WITH)))
    assert {"/stages.toml", "/.github/", "/*", "/promotion/", "/stacks/", "/tools/"} <= set(owned)
    assert not [path for path in owned if not path.startswith("/")]
    of_berth = [path for path in owned if path not in ("/*", "/snapshots/")]
    assert all((root / path.strip("/")).exists() for path in of_berth)


def test_a_repository_without_berth_has_its_own_files_alone(tmp_path: Path) -> None:
    owned = paths(codeowners(settings_of(tmp_path, WITHOUT_BERTH + OWNERS)))
    assert owned == ["/.github/", "/stages.toml", "/snapshots/"]


def test_it_is_written_and_compared_as_the_workflows_are(tmp_path: Path) -> None:
    settings_of(tmp_path, WITH)
    command = ("--stages", str(tmp_path / "stages.toml"), "workflows")
    assert status_of(*command) == 0
    assert status_of(*command, "--check") == 0
    file = tmp_path / ".github" / "CODEOWNERS"
    file.write_text(file.read_text().replace("@octocat", "@somebody"))
    assert status_of(*command, "--check") == 1


def test_without_owners_there_is_none(tmp_path: Path) -> None:
    assert codeowners(settings_of(tmp_path, TWO)) is None
    assert codeowners(settings_of(tmp_path, WITHOUT_BERTH)) is None


@pytest.mark.parametrize("owner", ["octocat", "@octo-org/", "on-call@example.com", "@a b"])
def test_an_owner_is_a_user_or_a_team(
    owner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stages.toml").write_text("")
    text = f'[pipeline]\nrepository = "octo-org/ner"\nowners = ["{owner}"]\n'
    with pytest.raises(Exception, match="must be a GitHub user or team"):
        settings_of(tmp_path, TWO + text)
