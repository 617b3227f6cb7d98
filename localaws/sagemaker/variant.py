"""A variant, and the choice of the instance that gets the next request."""

from dataclasses import dataclass, field

from localaws.sagemaker.instance import Instance, Program


@dataclass
class Variant:
    """A variant: its program and the instances that run it now.

    `config` is its endpoint configuration, `shadow` the variant that gets copies of
    its requests. `instances` is replaced, never changed, so that it can be read without a lock.
    """

    program: Program
    weight: float
    config: str = ""
    shadow: "Variant | None" = None
    instances: tuple[Instance, ...] = ()
    turn: int = field(default=0, repr=False)

    def admit(self, model: str | None = None) -> Instance | None:
        """Enter the healthy instance with the fewest requests; None where none is healthy.

        On a multi-model endpoint, instances that have loaded the `model` come first.
        """
        present = self.instances
        self.turn += 1
        at = self.turn % len(present) if present else 0

        def rank(one: Instance) -> tuple[bool, int]:
            return one.models is not None and model not in one.models, one.outstanding

        for one in sorted(present[at:] + present[:at], key=rank):
            if one.enter():
                return one
        return None
