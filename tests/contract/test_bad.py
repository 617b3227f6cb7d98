"""Each case fails on a server that breaks it, and says what it saw."""

from dataclasses import replace

import pytest

from contract.case import CASES
from contract.runner import Verdict
from tests.contract.conftest import LIMITS, Certify
from tests.contract.servers.bad import SEEN

pytestmark = pytest.mark.slow

# What is waited for in vain here; a server that is late for another reason is told apart by what
# the case says.
_SHORT = replace(LIMITS, response=2, drain=4, back=3)
# On the server of another case.
_ALSO = [
    ("recovery.truth", "recovery.back", "it was not back within"),
    ("drain.accepted", "drain.half-sent", "no response"),
    ("privacy.metrics", "privacy.canary", "turns up in its metrics: privacy.canary"),
    ("privacy.others", "privacy.canary", "the response has what another request sent"),
    ("drain.clock", "drain.status", "it had to be killed"),
]
# What takes an image, or a port that tests cannot have for sure: see test_image.py and
# test_startup.py.
_ELSEWHERE = {"files.outside", "startup.port"}


@pytest.mark.parametrize(
    ("server", "case", "seen"), [*((case, case, seen) for case, seen in SEEN.items()), *_ALSO]
)
def test_a_case_fails_on_a_server_that_breaks_it(
    certify: Certify, server: str, case: str, seen: str
) -> None:
    (result,) = certify(f"bad {server}", case, limits=_SHORT)
    assert (result.verdict, seen in result.note) == (Verdict.FAILED, True), result.note


def test_every_case_has_a_server_that_breaks_it() -> None:
    broken = {*SEEN, *(case for _, case, _ in _ALSO)}
    assert {case.id for case in CASES} - _ELSEWHERE == broken
