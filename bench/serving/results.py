"""What runs have found, as it is kept in a file and put together again."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .figures import Figures, medians
from .measure import Measured
from .predictions import Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Runs on one machine with one model.

    Attributes:
        offline: texts a second without a server, by the name of the path; one for each round.
        failed: servers that could not be measured, and why.
    """

    machine: str
    shape: str
    offline: dict[str, list[float]] = field(default_factory=dict)
    measured: list[Measured] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def servers(self) -> list[Measured]:
        """Each server once, with the medians of its rounds, in the order of their names' first."""
        names = dict.fromkeys(each.server for each in self.measured)
        return [_median([each for each in self.measured if each.server == name]) for name in names]


def write(results: Results, file: Path) -> None:
    """Write results as JSON."""
    found = {"written": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(results)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def read(files: Iterable[Path]) -> Results:
    """Read results, and put those of several files together.

    Raises:
        ValueError: for results of different machines or models, or a file that holds none.
    """
    together: Results | None = None
    for file in files:
        one = _results(json.loads(file.read_text(encoding="utf-8")), file)
        together = together or Results(machine=one.machine, shape=one.shape)
        if (one.machine, one.shape) != (together.machine, together.shape):
            raise ValueError(f"{file}: from another machine, or of another model, than the first")
        for name, rates in one.offline.items():
            together.offline.setdefault(name, []).extend(rates)
        together.measured.extend(one.measured)
        together.failed.update(one.failed)
    if together is None:
        raise ValueError("no file of results was given")
    return together


def machine(gpu: str | None) -> str:
    """The machine in a line: processor, cores, GPU."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor()
    return f"{len(names)} cores of {processor}" + (f", {gpu}" if gpu else "")


def gpu() -> str | None:
    """The name of the GPU that the servers will use, if there is one."""
    import torch  # noqa: PLC0415 - seconds, which only a measurement should take

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else None


def _results(found: dict[str, Any], file: Path) -> Results:
    try:
        return Results(
            machine=found["machine"],
            shape=found["shape"],
            offline=found["offline"],
            measured=[_measured(each) for each in found["measured"]],
            failed=found["failed"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: no results of this benchmark ({error})") from error


def _measured(found: dict[str, Any]) -> Measured:
    closed = {connections: Figures(**each) for connections, each in found["closed"].items()}
    half = Figures(**found["half"]) if found["half"] else None
    agreement = Agreement(**found["agreement"])
    return Measured(**{**found, "closed": closed, "half": half, "agreement": agreement})


def _median(rounds: Sequence[Measured]) -> Measured:
    first = rounds[0]
    rates = sorted(each.open_rate for each in rounds if each.open_rate is not None)
    halves = [each.half for each in rounds if each.half is not None]
    return Measured(
        server=first.server,
        family=first.family,
        start=sorted(each.start for each in rounds)[len(rounds) // 2],
        memory=sorted(each.memory for each in rounds)[len(rounds) // 2],
        agreement=min((each.agreement for each in rounds), key=lambda each: each.equal),
        closed={
            connections: medians([each.closed[connections] for each in rounds])
            for connections in first.closed
        },
        open_rate=rates[len(rates) // 2] if rates else None,
        half=medians(halves) if halves else None,
    )
