"""Seeded sentences with named entities, from templates and lists of names.

The test set uses forms of sentence and names that training never sees: templates of their
own, and the fifth part of every list of names.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase

from model.example.words import coined, inflected, lists, share, templates

LABELS = ("PER", "ORG", "LOC", "DATE", "MONEY")
_ALIKE = ("first_names", "surnames", "cities", "regions", "companies")  # lists to coin names from
_STRANGENESS = (0.0, 0.1, 0.1, 0.5)  # how many of a sentence's everyday words are coined
_PATTERNS = {"place_patterns", "fields"}  # lists of everyday words, not of names
_SLOT = re.compile(r"\{(\w+)\}|\[([^\[\]]*\|[^\[\]]*)\]")
_ENDINGS = "s|ed|ing|ly|ers?|ors?|ists?|ments?|tions?|ness|ful|less|al|ous|ive|able|ies|y"
_EVERYDAY = re.compile(rf"\b[a-z]{{3,}}?({_ENDINGS})?\b|^[A-Z][a-z]{{3,}}?({_ENDINGS})\b")
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
        self._strangeness = self._random.choice(_STRANGENESS)
        for index, (part, label) in enumerate(parts):
            if not label and not self._held_out:
                part = _EVERYDAY.sub(self._perhaps_coined, part)  # noqa: PLW2901
            if index == 0 and not label:
                part = part[:1].upper() + part[1:]  # noqa: PLW2901
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
        if chance() < 0.1:
            other = self._random.choice(self._templates)
            template = f"{template.rstrip('.')}[, and|, but| and|;| -|, while|:] {other}"
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
        if self._nameless and key not in _PATTERNS:
            return self._coined(key.removeprefix("ambiguous_"))
        return self._random.choice(share(key, held_out=self._held_out))

    def _perhaps_coined(self, word: re.Match[str]) -> str:
        """A coined word with the ending of an everyday one, in its place: unknown, and no name."""
        if self._random.random() >= self._strangeness:
            return word[0]
        return self._coined("word") + (word[1] or word[2] or "")

    def _word(self, key: str = "surnames") -> str:
        """One of a list's names, or (training alone) mostly a coined word that no list holds."""
        if self._held_out or self._random.random() < 0.4:
            return self._name(key)
        return self._coined(key if self._random.random() < 0.6 else self._random.choice(_ALIKE))

    def _coined(self, key: str) -> str:
        return coined(key, self._random)

    def _first(self) -> str:
        if self._random.random() < 0.08:
            return self._name("ambiguous_first_names")
        return self._word("first_names")

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
            return self._word("regions")
        if kind < 0.41 and not self._held_out:
            return f"{self._coined('cities')} {self._coined('cities')}"
        return self._city()

    def _city(self) -> str:
        return self._word("cities")

    def _org(self) -> str:
        kind = self._random.random()
        if kind < (0.12 if self._held_out else 0.25):  # the hardest to learn: one word like any
            return self._word("companies")
        if kind > 0.92:
            return self._acronym()
        return self._fill(self._random.choice(lists()["org_patterns"]))

    def _acronym(self) -> str:
        if self._held_out or self._random.random() < 0.5:
            return self._name("acronyms")
        return "".join(self._random.choices(ascii_uppercase, k=self._random.randint(2, 5)))

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
