"""docker, called by the CDK CLI: `tools/docker`, which `tools/cdk` puts there.

A build gets this machine's settings of pip as secrets, as it does by `berth image`; an asset's
manifest, which goes into every account, names none of them. Every other call is docker's own.
"""

import os
import subprocess
import sys

from tools.image import network


def main(arguments: list[str] | None = None) -> int:
    """Run one of the CLI's calls, and return docker's status."""
    given = sys.argv[1:] if arguments is None else arguments
    program = os.environ.get("BERTH_DOCKER") or "docker"
    # The CLI may put `--config FOLDER` before the command.
    first = 2 if given[:1] == ["--config"] else 0
    if given[first : first + 1] != ["build"]:
        return subprocess.run([program, *given], check=False).returncode
    with network.build_options(network.pip_settings()) as secrets:
        command = [program, *given[: first + 1], *secrets, *given[first + 1 :]]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
