"""What a report is made from."""

from dataclasses import dataclass
from typing import Literal

from promotion.evidence import Verification
from promotion.moving.result import Moved
from promotion.release import Release


@dataclass(frozen=True)
class Movement:
    """One thing that was moved into the target's account.

    Attributes:
        name: as a person knows it.
        digest: by which it was proven on arrival.
        seconds: that it took.
    """

    name: str
    kind: Literal["model", "image", "file"]
    digest: str
    moved: Moved
    seconds: float


@dataclass(frozen=True)
class Ending:
    """How a run ended, and why."""

    kind: Literal["promoted", "refused", "rolled back", "failed"]
    reason: str


@dataclass(frozen=True)
class ReportData:
    """A release and what is known of it.

    Attributes:
        release: the one that is reported on; the latest of its verifications counts.
        former: the release of its stage before; None for the first one.
        moved: in this run.
        ending: of this run; None where nothing was decided, as after `verify`.
    """

    release: Release
    former: Release | None = None
    moved: tuple[Movement, ...] = ()
    ending: Ending | None = None

    @property
    def evidence(self) -> Verification | None:
        """The verification that counts."""
        return _latest(self.release)

    @property
    def former_evidence(self) -> Verification | None:
        """The verification of the former release that counts."""
        return _latest(self.former) if self.former else None


def _latest(release: Release) -> Verification | None:
    return release.evidence[-1] if release.evidence else None
