"""The engine's command line for an instance."""

from pathlib import Path

import yaml

from localaws.images import Built
from localaws.sagemaker.containers import Container


def test_it_is_run_as_sagemaker_runs_it() -> None:
    container = Container(Built("/bin/docker", False, "i:1"), Path("/models/m"))
    command = container.command("c1", {"SAGEMAKER_BIND_TO_PORT": "8099", "LINES": "a\nb"})
    assert command[:3] == ["/bin/docker", "run", "--rm"]
    assert command[-2:] == ["i:1", "serve"]
    assert {
        "--name=c1",
        "--volume=/models/m:/opt/ml/model:ro",
        "--env=SAGEMAKER_BIND_TO_PORT=8099",
        "--env=LINES=a\nb",
    } <= set(command)


def test_the_secret_is_not_on_the_command_line() -> None:
    container = Container(Built("e", False, "i:1"), Path("/m"))
    command = container.command("c1", {"AWS_SECRET_ACCESS_KEY": "hidden"})
    assert "--env=AWS_SECRET_ACCESS_KEY" in command
    assert not any("hidden" in part for part in command)


def test_it_may_no_more_than_compose_lets_the_same_image(root: Path) -> None:
    serving = yaml.safe_load((root / "compose.yaml").read_text())["services"]["serving"]
    options = [
        *(["--read-only"] if serving["read_only"] else []),
        *(f"--tmpfs={folder}" for folder in serving["tmpfs"]),
        *(f"--cap-drop={capability}" for capability in serving["cap_drop"]),
        *(f"--security-opt={option}" for option in serving["security_opt"]),
    ]
    assert len(options) >= 4
    command = Container(Built("e", False, "i:1"), Path("/m")).command("c1", {})
    assert set(options) <= set(command[: command.index("i:1")])


def test_a_serverless_one_gets_no_more_memory_than_it_has() -> None:
    command = Container(Built("e", False, "i:1"), Path("/m"), memory=2048).command("c1", {})
    assert "--memory=2048m" in command


def test_podman_would_wait_ten_seconds_before_it_removes() -> None:
    docker, podman = (
        Container(Built("e", is_podman, "i:1"), Path("/m")).removal("c1")
        for is_podman in (False, True)
    )
    assert docker == ["e", "rm", "--force", "c1"]
    assert podman == ["e", "rm", "--force", "--time=0", "--ignore", "c1"]
