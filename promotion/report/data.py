"""The input of a report."""

from dataclasses import dataclass
from typing import Literal

from promotion.evidence import Verification
from promotion.moving import Moved
from promotion.release import Release


@dataclass(frozen=True)
class Movement:
    """An artifact that was moved to the target's account, proven by its digest on arrival."""

    name: str
    kind: Literal["image", "file"]
    digest: str
    moved: Moved
    seconds: float


@dataclass(frozen=True)
class Ending:
    """How a run ended, and why."""

    kind: Literal["promoted", "rolled back", "failed"]
    reason: str


@dataclass(frozen=True)
class ReportData:
    """A release and what is known of it.

    Attributes:
        former: the release of the same stage before it; None for the first one.
        moved: the artifacts that were moved in this run.
        ending: of this run; None where nothing was decided, as after `verify`.
        golden: the golden set, where its texts are to be shown.
    """

    release: Release
    former: Release | None = None
    moved: tuple[Movement, ...] = ()
    ending: Ending | None = None
    golden: bytes | None = None

    @property
    def evidence(self) -> Verification | None:
        """The verification that counts."""
        return self.release.latest_evidence

    @property
    def former_evidence(self) -> Verification | None:
        """The verification of the former release that counts."""
        return self.former.latest_evidence if self.former else None
