"""How an instance is run where its image has been built: a container of the machine's engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localaws.images import Built

MODEL = "/opt/ml/model"

RESTRICTIONS = (
    *("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
)
"""Those of the service `serving` in compose.yaml."""

SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY",)
"""What the engine's client takes from its own environment: every user sees its command line."""


@dataclass(frozen=True)
class Container:
    """An image, and the folder of its model or models that is mounted in it.

    memory: what it may take at most, in MB.
    """

    built: Built
    model: Path
    mounted: str = MODEL
    memory: int | None = None

    def command(self, name: str, environment: Mapping[str, str]) -> list[str]:
        """Run it in the foreground until it ends; a SIGTERM is passed on to it.

        It is on the machine's own network: there the emulator reaches it, and it the emulator.
        """
        return [
            *(self.built.program, "run", "--rm", "--pull=never", f"--name={name}"),
            *RESTRICTIONS,
            *("--network=host", f"--volume={self.model}:{self.mounted}:ro"),
            *([f"--memory={self.memory}m"] if self.memory else []),
            *(
                f"--env={key}" if key in SECRET_VARIABLES else f"--env={key}={value}"
                for key, value in environment.items()
            ),
            *(self.built.image, "serve"),
        ]

    def removal(self, name: str) -> list[str]:
        """Kill and remove the container of that name, where there still is one."""
        at_once = ["--time=0", "--ignore"] if self.built.is_podman else []
        return [self.built.program, "rm", "--force", *at_once, name]
