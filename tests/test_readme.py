"""The README's commands, run as they stand there."""

import re
from pathlib import Path

import pytest

from tests import shell
from tests.end_to_end.conftest import clone

README = (Path(__file__).parents[1] / "README.md").read_text()


def block(section: str, language: str, number: int = 0) -> str:
    """A code block of a section, without the indentation of the list it may stand in."""
    text = README.split(f"## {section}\n")[1].split("\n## ")[0]
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    indent, code = blocks[number]
    return "\n".join(line.removeprefix(indent) for line in code.splitlines())


def test_every_make_target_that_it_names_is_there(root: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named <= targets


def test_every_link_leads_somewhere(root: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (root / link).exists()] == []


@pytest.mark.long
def test_playing_locally_and_calling_the_endpoint(
    root: Path, built_model: Path, tmp_path: Path
) -> None:
    """The local section's commands, with both ways of calling an endpoint before the last one."""
    *local, end = block("Playing with it locally", "sh").splitlines()
    assert end == "berth local down"
    project = clone(root, built_model, tmp_path / "project")
    (tmp_path / "call.py").write_text(block("Deploying to real accounts", "python"))
    # The same signed request, sent to where this AWS is.
    curl = block("Deploying to real accounts", "sh", 2).replace(
        "https://runtime.sagemaker.$AWS_REGION.amazonaws.com", "$AWS_ENDPOINT_URL"
    )
    script = [
        *local,
        f"python {tmp_path}/call.py",
        "AWS_ACCESS_KEY_ID=111111111111 AWS_SESSION_TOKEN=",
        'AWS_SECRET_ACCESS_KEY=$(cat "$LOCALAWS_HOME/secret")',
        curl,
    ]
    printed = shell.run(script, project, tmp_path / "home")
    assert printed.count("Marta Keller") == 2, printed
    assert "AWS on this machine has ended" in printed
