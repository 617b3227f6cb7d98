"""Questions to a service desk, each in several wordings; written for this project."""

from random import Random

Meaning = tuple[int, int, int]
"""What is asked to be done, to what, and when: questions of one meaning are close to each other."""

_DONE = (
    ("buy", "purchase", "order"),
    ("return", "send back", "give back"),
    ("repair", "fix", "mend"),
    ("cancel", "call off", "stop"),
    ("rent", "hire", "borrow"),
    ("sell", "offer", "trade in"),
    ("clean", "wash", "polish"),
    ("move", "shift", "relocate"),
    ("test", "check", "try out"),
    ("change", "replace", "swap"),
    ("insure", "protect", "cover"),
    ("collect", "pick up", "fetch"),
)
_THINGS = (
    ("car", "automobile", "vehicle"),
    ("phone", "mobile", "handset"),
    ("house", "home", "residence"),
    ("sofa", "couch", "settee"),
    ("bicycle", "bike", "two-wheeler"),
    ("laptop", "notebook", "portable computer"),
    ("ticket", "pass", "fare"),
    ("television", "TV", "telly"),
    ("parcel", "package", "shipment"),
    ("contract", "agreement", "deal"),
    ("coat", "jacket", "parka"),
    ("washer", "washing machine", "laundry machine"),
    ("refrigerator", "fridge", "icebox"),
    ("picture", "painting", "artwork"),
    ("glasses", "spectacles", "eyewear"),
    ("rug", "carpet", "floor covering"),
)
_WHEN = (
    ("now", "at once", "immediately"),
    ("tomorrow", "the day after today", "the next day"),
    ("at night", "after dark", "when it is dark"),
    ("abroad", "in another country", "outside the country"),
    ("for free", "at no cost", "without paying"),
    ("by mail", "by post", "in a letter"),
    ("online", "on the web", "over the internet"),
    ("on Sunday", "at the end of the week", "on the last day of the week"),
)
_TRAINED = (
    "How do I {done} my {thing} {when}?",
    "I want to {done} the {thing} {when}.",
    "Is it possible to {done} a {thing} {when}?",
    "My {thing}: can you {done} it {when}?",
    "Please {done} our {thing} {when}.",
    "{When} I would like to {done} a {thing}.",
    "Who can {done} this {thing} {when}?",
    "We need to {done} that {thing}, and {when}.",
    "There is a {thing} that I should {done} {when}.",
    "Could you tell me how one can {done} it {when}, the {thing}?",
    "Somebody has to {done} my {thing}, {when} if possible.",
    "To {done} a {thing} {when}: is that allowed?",
    "{When}, to {done} one {thing}, what do I need?",
    "Do you {done} the {thing} {when}?",
)
_TESTED = (
    "Could somebody {done} the {thing} {when}?",
    "I have a {thing} to {done} {when}.",
    "{When}: how can one {done} my {thing}?",
)


def meanings() -> list[Meaning]:
    """Everything that can be asked."""
    return [
        (done, thing, when)
        for done in range(len(_DONE))
        for thing in range(len(_THINGS))
        for when in range(len(_WHEN))
    ]


def worded(meaning: Meaning, chance: Random, *, held_out: bool) -> str:
    """A question of that meaning; `held_out`: of a form that training does not see."""
    done, thing, when = (
        chance.choice(words[index])
        for words, index in zip((_DONE, _THINGS, _WHEN), meaning, strict=True)
    )
    form = chance.choice(_TESTED if held_out else _TRAINED)
    return form.format(done=done, thing=thing, when=when, When=when[0].upper() + when[1:])


def forms(*, held_out: bool) -> set[str]:
    """The forms of questions that training has, or the test."""
    return set(_TESTED if held_out else _TRAINED)
