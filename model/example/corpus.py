"""Seeded sentences with named entities, from templates and lists of names.

The test set uses forms of sentence and names that training never sees: templates of their
own, and the fifth part of every list of names.
"""

import random
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LABELS = ("PER", "ORG", "LOC", "DATE", "MONEY")
HELD_OUT_EVERY = 5
_HERE = Path(__file__).parent
_PATTERNS = {"place_patterns", "fields"}  # lists of everyday words, not of names
_SLOT = re.compile(r"\{(\w+)\}|\[([^\[\]]*\|[^\[\]]*)\]")
_EVERYDAY = re.compile(r"\b[a-z]{3,}\b")
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = ["January", "February", "March", "April", "May", "June", "July"]
_MONTHS += ["August", "September", "October", "November", "December"]


@dataclass(frozen=True)
class Entity:
    """A labelled span: `text == sentence.text[start:end]`."""

    text: str
    label: str
    start: int
    end: int


@dataclass(frozen=True)
class Sentence:
    """A text and the entities in it, by position."""

    text: str
    entities: tuple[Entity, ...]


@cache
def lists() -> dict[str, list[str]]:
    """Every list of names.toml; entries of a string are parted by `|`, or else by spaces."""
    with (_HERE / "names.toml").open("rb") as file:
        raw = tomllib.load(file)
    parted: dict[str, list[str]] = {}
    for key, value in raw.items():
        lines = value if isinstance(value, list) else value.strip().splitlines()
        separator = "|" if any("|" in line for line in lines) else None
        split = lines if isinstance(value, list) else [w for x in lines for w in x.split(separator)]
        parted[key] = [word.strip() for word in split]
    return parted


def templates(name: str) -> list[str]:
    """The lines of templates_<name>.txt, without remarks."""
    lines = (_HERE / f"templates_{name}.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


class Author:
    """Writes sentences; `held_out` chooses the test's templates and names.

    With `nameless`, a coined word stands for every name: what is learned from such sentences
    knows no name that another text may not hold as well.
    """

    def __init__(self, seed: int, *, held_out: bool, nameless: bool = False) -> None:
        self._random = random.Random(f"{seed}/{held_out}")  # noqa: S311 - no secret
        self._held_out, self._nameless = held_out, nameless
        self._templates = templates("held_out" if held_out else "train")

    def sentences(self, count: int) -> list[Sentence]:
        """`count` sentences, all different."""
        written: dict[str, Sentence] = {}
        while len(written) < count:
            sentence = self._sentence()
            written[sentence.text] = sentence
        return list(written.values())

    def _sentence(self) -> Sentence:
        parts: list[tuple[str, str | None]] = []
        self._expand(self._template(), parts)
        text, entities = "", []
        for index, (part, label) in enumerate(parts):
            if index == 0 and not label:
                part = part[:1].upper() + part[1:]  # noqa: PLW2901
            if not label and not self._held_out:
                part = _EVERYDAY.sub(self._perhaps_coined, part)  # noqa: PLW2901
            if label:
                entities.append(Entity(part, label, len(text), len(text) + len(part)))
            text += part
        return Sentence(text, tuple(entities))

    def _template(self) -> str:
        """A form of sentence; in training with more before, within or after it at times."""
        template = self._random.choice(self._templates)
        if self._held_out:
            return template
        chance = self._random.random
        if chance() < 0.15:
            template = f"{{opening}}[,|] {template}"
        if chance() < 0.15:
            template = f"{{clause}}, {template}"
        if chance() < 0.3:
            template = re.sub(r"([.?!]?)$", r" {clause}\1", template, count=1)
        if chance() < 0.2:
            template = re.sub(r"(\{[A-Z]+\})(?= )", r"\1, {clause},", template, count=1)
        return template

    def _expand(self, template: str, parts: list[tuple[str, str | None]]) -> None:
        position = 0
        for match in _SLOT.finditer(template):
            parts.append((template[position : match.start()], None))
            slot, choices = match.groups()
            if choices is not None:
                self._expand(self._random.choice(choices.split("|")), parts)
            elif slot in LABELS:
                parts.append((getattr(self, f"_{slot.lower()}")(), slot))
            elif slot.startswith("verb_"):
                parts.append((inflected(self._random.choice(lists()["verb"]), slot), None))
            else:
                self._expand(self._random.choice(lists()[slot]), parts)
            position = match.end()
        parts.append((template[position:], None))
        parts[:] = [part for part in parts if part[0]]

    def _name(self, key: str) -> str:
        """One of a list's names: of the held-out fifth, or of the others."""
        names = lists()[key]
        if self._nameless and key not in _PATTERNS:
            return self._coined()
        if self._held_out:
            return self._random.choice(names[::HELD_OUT_EVERY])
        return self._random.choice([n for i, n in enumerate(names) if i % HELD_OUT_EVERY])

    def _perhaps_coined(self, word: re.Match[str]) -> str:
        """Now and then a coined word in an everyday word's place: unknown, and no name."""
        return self._coined().lower() if self._random.random() < 0.15 else word[0]

    def _word(self) -> str:
        """A surname, or (training alone) a coined word that no list holds."""
        if self._held_out or self._random.random() < 0.3:
            return self._name("surnames")
        return self._coined()

    def _coined(self) -> str:
        choose = self._random.choice
        word = choose(lists()["onsets"]) + choose(lists()["nuclei"])
        if self._random.random() < 0.6:
            word += choose(lists()["middles"]) + choose(lists()["nuclei"])
        return word + choose(lists()["middles"]) + choose(lists()["endings"])

    def _first(self) -> str:
        if not self._held_out and self._random.random() < 0.4:
            return self._word()
        key = "ambiguous_first_names" if self._random.random() < 0.08 else "first_names"
        return self._name(key)

    def _last(self) -> str:
        if self._random.random() < 0.08:
            return self._name("ambiguous_surnames")
        return self._word()

    def _per(self) -> str:
        kind = self._random.random()
        if kind < 0.07:
            return self._first()
        if kind < 0.12:
            return self._last()
        if kind < 0.20:
            return f"{self._first()} {self._random.choice('ABCDEFGHJKLMNPRSTW')}. {self._last()}"
        if kind < 0.24:
            return f"{self._first()} {self._last()}-{self._last()}"
        return f"{self._first()} {self._last()}"

    def _loc(self) -> str:
        kind = self._random.random()
        if kind < 0.10:
            return self._fill(self._name("place_patterns"))
        if kind < 0.15:
            return self._name("ambiguous_cities")
        if kind < 0.40:
            return self._name("regions")
        if kind < 0.60 and not self._held_out:
            return self._word()
        return self._city()

    def _city(self) -> str:
        if not self._held_out and self._random.random() < 0.4:
            return self._word()
        return self._name("cities")

    def _org(self) -> str:
        kind = self._random.random()
        if kind < 0.12:
            return self._name("companies")
        if kind < 0.20:
            return self._name("acronyms")
        if kind < 0.27 and not self._held_out:
            return self._word()
        return self._fill(self._random.choice(lists()["org_patterns"]))

    def _fill(self, pattern: str) -> str:
        makers: dict[str, Callable[[], str]] = {
            "word": self._word,
            "first": self._first,
            "surname": self._last,
            "city": self._city,
            "region": lambda: self._name("regions"),
            "field": lambda: self._name("fields"),
        }
        return re.sub(r"\{(\w+)\}", lambda match: makers[match[1]](), pattern)

    def _date(self) -> str:
        number, choose = self._random.randint, self._random.choice
        day, month, year = number(1, 28), choose(_MONTHS), number(1950, 2035)
        return choose(
            [
                f"{day} {month} {year}",
                f"{month} {day}, {year}",
                f"{day} {month}",
                f"{month} {day}",
                f"{month} {year}",
                month,
                str(year),
                choose(_WEEKDAYS),
                f"{choose(_WEEKDAYS)}, {day} {month}",
                f"{year}-{number(1, 12):02}-{day:02}",
                f"{day:02}/{number(1, 12):02}/{year}",
            ]
        )

    def _money(self) -> str:
        number, choose = self._random.randint, self._random.choice
        sign, unit = choose("$€£"), choose(["dollars", "euros", "pounds", "yen", "francs"])
        scale = choose(["million", "billion"])
        return choose(
            [
                f"{sign}{number(1, 999)}",
                f"{sign}{number(1, 999)},{number(0, 999):03}",
                f"{sign}{number(1, 99)}.{number(0, 99):02}",
                f"{sign}{number(1, 99)} {scale}",
                f"{sign}{number(1, 9)}.{number(1, 9)} {scale}",
                f"{number(2, 999)} {unit}",
                f"{number(1, 99)} {scale} {unit}",
                f"{number(1, 99)},{number(0, 999):03} {unit}",
                f"{choose(['EUR', 'USD', 'GBP', 'CHF'])} {number(2, 9999)}",
            ]
        )


def inflected(verb: str, form: str) -> str:
    """A regular verb (and what follows it) as verb_s, verb_ed or verb_ing."""
    stem, space, rest = verb.partition(" ")
    ending = form.removeprefix("verb_")
    if stem.endswith("e"):
        stem = stem[:-1] if ending != "s" else stem
    elif stem[-1] == "y" and stem[-2] not in "aeiou" and ending != "ing":
        stem, ending = f"{stem[:-1]}i", "es" if ending == "s" else ending
    elif stem.endswith(("s", "sh", "ch", "x")) and ending == "s":
        ending = "es"
    return f"{stem}{ending}{space}{rest}"
