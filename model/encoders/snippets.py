"""Snippets of reviews: positive, negative or neutral. Written for this project."""

from random import Random

LABELS = ("negative", "neutral", "positive")

_WORDS = {
    "thing": """food service film battery room book staff delivery screen story coffee music camera
        hotel bread jacket app train ride ending keyboard soup view garden lecture museum song bike
        lamp manual""",
    "good": """excellent lovely great wonderful superb delightful brilliant charming fantastic
        perfect pleasant impressive splendid terrific delicious reliable""",
    "bad": """awful terrible dreadful poor horrible disappointing useless boring annoying nasty
        broken dull unpleasant shoddy lousy unreliable""",
    "plain": """small large blue new wooden square heavy short digital modern round grey local
        printed dark narrow""",
}
_LISTS = {name: words.split() for name, words in _WORDS.items()}
_VERY = ("", "", "really ", "very ", "quite ", "truly ", "absolutely ")
_PEOPLE = ("my sister", "a friend", "our guide", "the waiter", "my boss", "the neighbour", "he")
_TIMES = ("on Monday", "last week", "in March", "yesterday", "this morning", "two days ago")

# {a} is of the snippet's own tone, {b} of the opposite one.
_TRAINED = (
    "The {thing} was {very}{a}.",
    "What {an_a} {thing}!",
    "I found the {thing} {very}{a}.",
    "The {thing} is {a}, and so is the {other}.",
    "{A} {thing}, {a2} {other}.",
    "The {thing} was not {b} at all.",
    "I expected {an_b} {thing}, but it was {very}{a}.",
    "The {thing} looked {b}; it turned out to be {a}.",
    "Nobody can call this {thing} {b}.",
    "We had {an_a} time with the {thing}.",
    "{Person} says the {thing} is {very}{a}.",
    "It is hard to find {an_b} {thing} here; all are {a}.",
    "The {thing} is {plain}, and {very}{a}.",
    "Never {b}, always {a}: this {thing}.",
    "I bought the {plain} {thing} {time}, and it is {a}.",
    "Although the {other} was {b}, the {thing} as a whole is {very}{a}.",
    "That {thing} is {a}.",
    "These days {an_a} {thing} is rare; here is one.",
    "They said: {a} {thing}, {very}{a2} {other}.",
    "{A}, just {a}.",
    "{Time} we had {an_a} {thing} and {an_a2} {other}.",
    "A friend told me about this {thing}: {a}.",
    "I was told that the {thing} is {a}, says {person}.",
    "Not {b}, but {a}.",
    "It was not {an_b} {thing}.",
    "The {other} is not {b}, and the {thing} is not {b2}.",
    "Is it {b}? No, the {plain} {thing} is {a}.",
    "You might think it {b}, but the {thing} is {a}.",
    "My {plain} {thing} is {a}, my {other} {a2}.",
    "{Time} {person} called the {thing} {very}{a}.",
    "So {a}, that {plain} {thing}!",
)
_TESTED = (
    "This {thing} is {very}{a}.",
    "{A} {thing} and {a2} {other}, says {person}.",
    "The {thing} was not {b}.",
    "They told me that it was {an_b} {thing}, but it was {a}.",
    "{Time} the {thing} was {very}{a}.",
    "The {plain} {thing} is {a}; the {other} is {a2}.",
)
_NEUTRAL_TRAINED = (
    "The {thing} is {plain}.",
    "I bought the {thing} {time}.",
    "The {thing} comes with {an_plain} {other}.",
    "{Person} took the {thing} {time}.",
    "There is {an_plain} {thing} next to the {other}.",
    "We saw the {thing} {time}, and the {other} after that.",
    "The {thing} has a {other}, which is {plain}.",
    "That {thing} has {an_plain} {other}, and is {plain}.",
    "{Time} {person} saw the {plain} {thing}.",
    "Is the {thing} {plain}, or is the {other}?",
    "These are {plain}: the {thing} and the {other}.",
    "I read about the {thing} {time}, says {person}.",
    "They told me that the {thing} is next to the {other}.",
    "My {thing} is {plain}, not {plain2}.",
)
_NEUTRAL_TESTED = (
    "This {thing} is {plain}, and has {an_plain} {other}.",
    "{Person} saw the {thing} next to the {other}.",
    "I took the {plain} {thing} {time}.",
)


def snippets(seed: int, count: int, *, held_out: bool) -> list[tuple[str, str]]:
    """Texts with their labels; `held_out`: of forms that training does not see."""
    chance = Random(seed)  # noqa: S311 - no secret
    return [_snippet(chance, held_out=held_out) for _ in range(count)]


def forms(*, held_out: bool) -> set[str]:
    """The forms of sentences that training has, or the test."""
    return set(_TESTED + _NEUTRAL_TESTED if held_out else _TRAINED + _NEUTRAL_TRAINED)


def _snippet(chance: Random, *, held_out: bool) -> tuple[str, str]:
    label = chance.choice(LABELS)
    own, opposite = ("good", "bad") if label == "positive" else ("bad", "good")
    if label == "neutral":
        form = chance.choice(_NEUTRAL_TESTED if held_out else _NEUTRAL_TRAINED)
    else:
        form = chance.choice(_TESTED if held_out else _TRAINED)
    thing, other = chance.sample(_LISTS["thing"], 2)
    (a, a2), (b, b2) = (chance.sample(_LISTS[name], 2) for name in (own, opposite))
    plain, plain2 = chance.sample(_LISTS["plain"], 2)
    words = {"thing": thing, "other": other, "a": a, "a2": a2, "b": b, "b2": b2}
    words |= {"plain": plain, "plain2": plain2, "very": chance.choice(_VERY)}
    words |= {"person": chance.choice(_PEOPLE), "time": chance.choice(_TIMES), "A": a.capitalize()}
    words |= {name.capitalize(): _begun(words[name]) for name in ("person", "time")}
    words |= {f"an_{name}": _with_article(words[name]) for name in ("a", "a2", "b", "plain")}
    text = form.format(**words)
    # People write carelessly, too.
    if chance.random() < 0.2:
        text = text.lower().rstrip(".!")
    return text, label


def _begun(words: str) -> str:
    return words[0].upper() + words[1:]


def _with_article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
