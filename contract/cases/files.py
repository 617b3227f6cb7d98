"""What the container does to files, and where its log goes."""

from pathlib import Path

from contract.assertions import Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.folder_listing import listing
from contract.sources import HOSTING, LOGS, known

# /opt/ml and /etc: mount points and names that the engine makes.
_MAY_CHANGE = ("/tmp", "/var/tmp", "/run", "/var/run", "/dev", "/proc", "/sys", "/opt/ml")  # noqa: S108
_ENGINES = {"/etc", "/etc/mtab", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}


@case(
    "files.model",
    "The model's folder, read-only on SageMaker, stays as it is",
    source=HOSTING,
    need=Need.REQUIRED,
)
def model(bench: Bench) -> str:
    """Compare it with what it was before the first start."""
    _ = bench.running
    if bench.model is None or bench.model_before is None:
        raise Skipped("takes --model")
    after = listing(bench.model)
    changed = sorted(
        name
        for name in bench.model_before.keys() | after.keys()
        if bench.model_before.get(name) != after.get(name)
    )
    required(not changed, f"{len(changed)} files differ: {', '.join(changed[:3])}")
    return f"{len(after)} files"


@case(
    "files.outside",
    "Nothing is written outside of /tmp",
    source=known("containers that fail under a read-only root"),
    need=Need.PRACTICE,
)
def outside(bench: Bench) -> None:
    """Ask the engine what differs from the image."""
    bench.invoke()
    written = bench.running.written()
    if written is None:
        raise Skipped("takes --image")
    parents = {str(parent) for path in _MAY_CHANGE for parent in Path(path).parents}
    wrong = [
        path
        for path in written
        if path not in parents | _ENGINES and not path.startswith(_MAY_CHANGE)
    ]
    required(not wrong, f"{len(wrong)} paths: {', '.join(wrong[:3])}")


@case(
    "logs.output",
    "The log goes to stdout or stderr, from where CloudWatch gets it",
    source=LOGS,
    need=Need.PRACTICE,
)
def output(bench: Bench) -> str:
    """Look whether there is any."""
    lines = bench.running.log().splitlines()
    required(lines, "nothing was written to either")
    return f"{len(lines)} lines so far"
