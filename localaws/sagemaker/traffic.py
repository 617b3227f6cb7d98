"""Which of two fleets gets a request while an update shifts traffic from one to the other."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from localaws.sagemaker.fleet import Fleet
from localaws.sagemaker.variant import Variant


@dataclass(frozen=True)
class Traffic:
    """`shares`: the part of each variant's requests (0 to 1) that goes to the new fleet."""

    old: Fleet
    new: Fleet
    shares: Mapping[str, float]

    def choose(self, name: str | None) -> Variant | None:
        """The variant of that name, or one drawn by weight, of one fleet or the other."""
        if all(share >= 1 for share in self.shares.values()):
            return self.new.choose(name)
        chosen = self.old.choose(name)
        if chosen is None:
            return None
        share = self.shares.get(chosen.program.label, 0)
        drawn = self.new if random.random() < share else self.old  # noqa: S311 - no secret
        return drawn.choose(chosen.program.label)
