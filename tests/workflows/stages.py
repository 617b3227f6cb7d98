"""Stages of other names and numbers than the tests' own."""

from pathlib import Path

from stacks.settings import Settings, load

_HEAD = """
project = "ner"
model.path = "model"
container.cuda = "none"

[defaults.endpoint]
instance_type = "ml.m5.xlarge"
"""


def _stage(name: str, *, production: bool = False) -> str:
    said = f"production = {str(production).lower()}"
    return f'[{name}]\naccount = "444444444444"\nregion = "us-east-1"\n{said}\n'


ONE = _stage("live", production=True)
TWO = _stage("test") + _stage("live", production=True)
FOUR = _stage("dev") + _stage("test") + _stage("eu", production=True) + _stage("us")
# YAML reads each of these as something else than a string.
NAMED_BADLY = _stage("on") + _stage("null") + _stage("true", production=True)
WITHOUT_BERTH = f"""{TWO}
[pipeline]
repository = "octo-org/ner"
berth = {{ repository = "octo-org/berth", ref = "v0.2.0" }}
"""


def settings_of(folder: Path, stages: str) -> Settings:
    """What a stages.toml with these stages says."""
    file = folder / "stages.toml"
    file.write_text(_HEAD + stages)
    return load(file)
