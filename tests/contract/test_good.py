"""A server that does all of the contract passes all of the kit."""

import pytest

from contract.runner import Verdict, is_certified
from tests.contract.conftest import Certify

pytestmark = pytest.mark.slow

# What only an image can show.
_SKIPPED = {"files.outside"}


def test_every_case_passes_on_a_server_that_does_everything(certify: Certify) -> None:
    results = certify("good")
    failed = [f"{r.case.id}: {r.note}" for r in results if r.verdict is Verdict.FAILED]
    assert failed == []
    assert {r.case.id for r in results if r.verdict is Verdict.SKIPPED} == _SKIPPED
    assert is_certified(results, strict=True)


def test_what_is_optional_is_skipped_with_a_reason_where_it_is_not_offered(
    certify: Certify,
) -> None:
    results = certify(
        "least", "stream.*", "websocket.*", "sessions.*", "metrics.*", "batch.p*", "multi-model.*"
    )
    assert {r.verdict for r in results} == {Verdict.SKIPPED}
    assert all(r.note for r in results)
    assert is_certified(results, strict=True)
