"""The words that sentences are made of: lists of names, and words coined after them."""

import tomllib
from functools import cache
from pathlib import Path
from random import Random

HELD_OUT_EVERY = 5
_HERE = Path(__file__).parent


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


@cache
def share(key: str, *, held_out: bool) -> list[str]:
    """Those of a list's names that the test may use, or else training."""
    return [name for i, name in enumerate(lists()[key]) if (i % HELD_OUT_EVERY == 0) == held_out]


@cache
def _letters_after(key: str) -> dict[str, str]:
    """Which letters follow each two in those of a list's names that training may see."""
    after: dict[str, str] = {}
    for name in share(key, held_out=False):
        for word in name.split():
            for at, letter in enumerate(f"{word} "):
                pair = f"  {word}"[at : at + 2]
                after[pair] = after.get(pair, "") + letter
    return after


@cache
def _known() -> set[str]:
    return {word for names in lists().values() for name in names for word in name.split()}


def coined(key: str, chance: Random) -> str:
    """A word that no list holds, where any three letters in a row are from a name of this list."""
    word = ""
    while not 2 < len(word) < 13 or word in _known():
        word, after = "", _letters_after(key)
        while (letter := chance.choice(after[f"  {word}"[-2:]])) != " ":
            word += letter
    return word


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
