"""Credentials and environment: what makes cdk, aws and boto3 reach the emulated accounts."""

import os
import shlex
import sys
from configparser import ConfigParser
from io import StringIO
from pathlib import Path

from localaws.home import HOST, secret, write
from stacks.settings import Settings, StageSettings
from stacks.stage_plan import StageNames

CHECKOUT = Path(__file__).parents[1]
BERTH, CDK = (str(CHECKOUT / "tools" / name) for name in ("berth", "cdk"))

# Each of them would override the profile.
UNSET = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_DEFAULT_PROFILE",
    "AWS_CA_BUNDLE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


def profile(settings: Settings, stage: str) -> str:
    """The AWS profile of a stage: `<project>-<stage>`."""
    return StageNames(settings.project, stage).profile


def write_files(home: Path, settings: Settings, port: int) -> None:
    """Write the AWS config and credentials files and the engine's executable into `home`.

    MiniStack takes an access key of twelve digits as the account itself.
    """
    config, credentials = ConfigParser(), ConfigParser()
    for name, stage in settings.stages.items():
        config[f"profile {profile(settings, name)}"] = {
            "region": stage.region,
            "endpoint_url": f"http://{HOST}:{port}",
            "output": "json",
        }
        credentials[profile(settings, name)] = {
            "aws_access_key_id": stage.account,
            "aws_secret_access_key": secret(home),
        }
    for name, content in (("config", config), ("credentials", credentials)):
        text = StringIO()
        content.write(text)
        write(home / name, text.getvalue())
    (home / "bin").mkdir(exist_ok=True)
    write(home / "bin" / "engine", _engine(home), mode=0o700)


def _engine(home: Path) -> str:
    python, root, state = (shlex.quote(str(part)) for part in (sys.executable, CHECKOUT, home))
    return (
        f"#!/bin/sh\nPYTHONPATH={root} LOCALAWS_HOME={state} exec {python} -m localaws.engine"
        ' "$@"\n'
    )


def variables(home: Path, settings: Settings, stage: str, port: int) -> dict[str, str]:
    """The environment variables that point a shell at a stage's emulated account.

    Raises KeyError for a stage that stages.toml does not have.
    """
    chosen: StageSettings = settings.stages[stage]
    programs = (CHECKOUT / ".venv" / "bin", CHECKOUT / "node_modules" / ".bin")
    path = [str(folder) for folder in programs if folder.is_dir()]
    path += [entry for entry in os.environ.get("PATH", "").split(os.pathsep) if entry not in path]
    return {
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "AWS_PROFILE": profile(settings, stage),
        "AWS_REGION": chosen.region,
        "AWS_DEFAULT_REGION": chosen.region,
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        # The CLI remembers accounts by access key: they must not mix with real accounts.
        "CDK_HOME": str(home / "cdk-home"),
        "CDK_DOCKER": str(home / "bin" / "engine"),
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_NOTICES": "false",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
        "PATH": os.pathsep.join(path),
    }


def environment(home: Path, settings: Settings, stage: str, port: int) -> dict[str, str]:
    """The whole environment of a program that is started here, without the user's credentials."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return kept | variables(home, settings, stage, port)


def shell_lines(home: Path, settings: Settings, stage: str, port: int) -> str:
    """What `eval` takes: an `unset` line and an `export` line for each variable."""
    exports = variables(home, settings, stage, port).items()
    lines = [f"unset {' '.join(UNSET)}"]
    return "\n".join(lines + [f"export {name}={shlex.quote(value)}" for name, value in exports])
