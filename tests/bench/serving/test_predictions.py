from bench.serving.predictions import compare
from bench.serving.servers import Span

ANNA = Span("PER", 0, 4, 0.9)
BERLIN = Span("LOC", 14, 20, 0.8)


def test_the_same_entities_are_equal_whatever_their_scores() -> None:
    found = compare([[ANNA, BERLIN]], [[Span("PER", 0, 4, 0.5), BERLIN]])
    assert (found.equal, found.missing, found.extra) == (1, 0, 0)
    assert found.score == 0.9 - 0.5


def test_another_label_is_another_entity() -> None:
    found = compare([[ANNA]], [[Span("ORG", 0, 4, 0.9)]])
    assert (found.equal, found.missing, found.extra) == (0, 1, 1)


def test_another_end_is_another_entity() -> None:
    found = compare([[ANNA], [BERLIN]], [[Span("PER", 0, 5, 0.9)], [BERLIN]])
    assert (found.texts, found.equal, found.missing, found.extra) == (2, 1, 1, 1)


def test_an_entity_found_twice_is_not_equal() -> None:
    assert compare([[ANNA]], [[ANNA, ANNA]]).equal == 0
