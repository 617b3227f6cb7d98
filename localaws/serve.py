"""The emulator's own process: `python -m localaws.serve`, as lifecycle starts it."""

import logging
import os
import sys
from pathlib import Path

from localaws import home, iam, lifecycle

_MINISTACK = {
    # MiniStack removes the containers that it finds; it must find none of the user's engine.
    "DOCKER_HOST": "unix:///nonexistent",
    # It would listen on port 8883 of every interface.
    "IOT_MTLS_ENABLED": "0",
    "LOCALSTACK_PERSISTENCE": "0",
    "LOG_LEVEL": "INFO",
    "MINISTACK_HOST": "localhost",
    "PERSIST_STATE": "0",
    "S3_PERSIST": "0",
    "SERVICES": "",
    "SFTP_ENABLED": "0",
    "USE_SSL": "0",
}

_CLIENTS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "*",
    "no_proxy": "*",
}


def serve(state: Path, *, until_stdin_closes: bool) -> None:
    """Serve from this process until SIGTERM or SIGINT, or until standard input closes.

    Raises LocalAwsError where another emulator holds the folder.
    """
    with home.held(state) as hold:
        isolate(state, hold.port)
        logging.basicConfig(
            filename=state / "emulator.log",
            format="%(asctime)s %(levelname)s [%(name)s] %(message)s",
            level=logging.INFO,
        )
        # MiniStack reads its environment when it is imported.
        from localaws.emulator import serve as serve_ministack  # noqa: PLC0415

        serve_ministack(hold, until_stdin_closes=until_stdin_closes)


def isolate(state: Path, port: int) -> None:
    """Make this process's environment the emulator's own, whatever the user's shell has set.

    Raises LocalAwsError where LOCALAWS_IAM has another value than its own.
    """
    own = {
        "AUTH": str(iam.is_enforced()).lower(),
        "AWS_SECRET_ACCESS_KEY": home.secret(state),
        "GATEWAY_PORT": str(port),
        "LOCALAWS_HOME": str(state),
    }
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(_MINISTACK | _CLIENTS | own)


if __name__ == "__main__":
    try:
        serve(home.default_home(), until_stdin_closes="--with-parent" in sys.argv)
    except home.HeldError as error:
        print(error, file=sys.stderr)
        sys.exit(lifecycle.HELD_STATUS)
    except home.LocalAwsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
