"""The emulator's own process: `python -m localaws.serve`, as lifecycle starts it."""

import logging
import sys
from pathlib import Path

from localaws import home, lifecycle
from localaws.isolation import isolate


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
        # MiniStack reads its environment when it is imported, after it is isolated.
        from localaws.emulator import serve as serve_ministack  # noqa: PLC0415

        serve_ministack(hold, until_stdin_closes=until_stdin_closes)


if __name__ == "__main__":
    try:
        serve(home.default_home(), until_stdin_closes="--with-parent" in sys.argv)
    except home.HeldError as error:
        print(error, file=sys.stderr)
        sys.exit(lifecycle.HELD_STATUS)
    except home.LocalAwsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
