"""What the container does to files, and where its log goes."""

from pathlib import Path

from contract.assertions import Skipped, required
from contract.bench import Bench, listing
from contract.case import Need, case
from contract.sources import HOSTING, LOGS, known

# /opt/ml and /etc: mount points and names that the engine makes.
_MAY_CHANGE = ("/tmp", "/var/tmp", "/run", "/var/run", "/dev", "/proc", "/sys", "/opt/ml")  # noqa: S108
_ENGINES = {"/etc", "/etc/mtab", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}


@case("files.model", Need.REQUIRED, HOSTING)
def model(bench: Bench) -> str:
    """The model's folder, read-only on SageMaker, is not changed."""
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


@case("files.outside", Need.PRACTICE, known("containers that fail under a read-only root"))
def outside(bench: Bench) -> None:
    """Nothing is written outside of /tmp."""
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


@case("logs.output", Need.PRACTICE, LOGS)
def output(bench: Bench) -> str:
    """The log goes to stdout or stderr, from where CloudWatch gets it."""
    lines = bench.running.log().splitlines()
    required(lines, "nothing was written to either")
    return f"{len(lines)} lines so far"
