"""What a check finds: a refusal or a warning, in one line."""

from dataclasses import dataclass
from typing import Literal


class IncompatibleError(Exception):
    """Something cannot run on something else; the text is one line a clash."""


@dataclass(frozen=True)
class Finding:
    """One thing that cannot work (a refusal), or that is unwise (a warning)."""

    severity: Literal["refusal", "warning"]
    stage: str
    where: str
    """File, key and value: `stages.toml: dev.mode = "batch"`; or a file of the model."""
    text: str

    def __str__(self) -> str:
        line = f"{self.where}: {self.text}"
        # A name in stages.toml may hold what ends a line, U+0085 for one.
        return "".join(
            character if character.isprintable() else f"\\u{ord(character):04x}"
            for character in line
        )
