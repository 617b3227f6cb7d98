"""Every command in the workflows, the README and the docs is there, with its options."""

import configparser
import re
import shlex
import subprocess
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import typer
import yaml

from berth.program import app
from stacks.settings import load
from tests.workflows.workflows import ROOT, scripts

TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PAGES = ("ci", "cli", "localaws", "model", "promotion")
CI = (ROOT / "docs" / "ci.md").read_text()


def buildspecs() -> list[str]:
    """The buildspecs of docs/ci.md."""
    blocks = re.findall(r"```yaml\n(.*?)```", CI, re.DOTALL)
    return [block for block in blocks if block.startswith("version: 0.2")]


def commands() -> list[list[str]]:
    """The words of every line of a script, continued lines joined."""
    found = list(scripts().values())
    for spec in buildspecs():
        for phase in yaml.safe_load(spec)["phases"].values():
            found += phase["commands"]
    lines = [line for script in found for line in script.replace("\\\n", " ").splitlines()]
    lines += [
        line.strip().removeprefix("$ ")
        for page in ("README.md", *(f"docs/{name}.md" for name in PAGES))
        for language, block in re.findall(
            r"^ *```(\w*)\n(.*?)^ *```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
        )
        if language in {"", "sh"}
        for line in block.splitlines()
    ]
    parts = [part for line in lines for part in re.split(r"\$\(|\)|\||>>|2>&1|&&", line)]
    return [shlex.split(part, comments=True) for part in parts if _is_command(part)]


def _is_command(part: str) -> bool:
    return bool(re.match(r"\s*(make|(\w+=\S+ )?(\.venv/bin/)?berth) ", part))


def of_berth() -> list[list[str]]:
    """The arguments of every call of `berth`."""
    called = []
    for words in commands():
        found = [index for index, word in enumerate(words) if Path(word).name == "berth"]
        called += [words[found[0] + 1 :]] if found else []
    return called


def test_there_are_commands_of_every_kind() -> None:
    assert [words for words in commands() if words[0] == "make"]
    assert {"plan", "roles", "record", "promote", "local"} <= {words[0] for words in of_berth()}


def test_no_folder_is_run_as_a_module() -> None:
    texts = [*scripts().values(), CI, (ROOT / "README.md").read_text()]
    assert not [text for text in texts if "python -m" in text]


def test_every_make_target_is_there() -> None:
    named = {words[1] for words in commands() if words[0] == "make"}
    assert {"setup", "setup-run", "check", "checkov", "test"} <= named <= TARGETS


@pytest.mark.parametrize("words", of_berth(), ids=" ".join)
def test_every_command_takes_the_options_that_it_is_given(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    context = command.make_context("berth", list(words))
    # Parses what is given, and does nothing.
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, command_words(context))
        context = command.make_context(name, rest, parent=context)


def command_words(context: Any) -> list[str]:
    """What a group has left for its command."""
    return [*context._protected_args, *context.args]


def test_the_buildspecs_are_as_codebuild_takes_them() -> None:
    assert len(buildspecs()) == 2
    for text in buildspecs():
        spec = yaml.safe_load(text)
        assert set(spec) == {"version", "env", "phases", "artifacts"}
        assert set(spec["phases"]) <= {"install", "pre_build", "build", "post_build"}
        for phase in spec["phases"].values():
            assert all(isinstance(command, str) for command in phase["commands"])


def test_a_buildspec_writes_the_profiles_that_it_names(tmp_path: Path) -> None:
    for text in buildspecs():
        spec = yaml.safe_load(text)
        script = [
            line for line in spec["phases"]["install"]["commands"] if not line.startswith("make")
        ]
        subprocess.run(
            ["sh", "-euc", "\n".join(script)],
            env={"HOME": str(tmp_path), "SOURCE_ROLE": "arn:a", "DEPLOY_ROLE": "arn:b"},
            check=True,
        )
        config = configparser.ConfigParser()
        config.read(tmp_path / ".aws" / "config")
        named = set(re.findall(r"(?:--profile\S*|AWS_PROFILE:) (\w+)", text))
        assert {one.removeprefix("profile ") for one in config.sections()} == named
        assert config["profile target"]["role_arn"] == "arn:b"


def test_the_tables_that_the_page_shows_are_ones(tmp_path: Path) -> None:
    blocks = re.findall(r"^ *```toml\n(.*?)```", CI, re.DOTALL | re.MULTILINE)
    table = "\n".join(dedent(block) for block in blocks)
    file = tmp_path / "stages.toml"
    example = ROOT / "examples" / "real-time" / "stages.toml"
    file.write_text(example.read_text() + table)
    pipeline = load(file).pipeline
    assert pipeline
    assert pipeline.berth
