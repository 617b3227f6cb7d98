"""The emulator as clients see it."""

import pytest

from tests.localaws.conftest import TestEmulator


@pytest.mark.slow
def test_an_access_key_of_twelve_digits_is_the_account(emulator: TestEmulator) -> None:
    for stage, account in (("dev", "111111111111"), ("prod", "333333333333")):
        assert emulator.client("sts", stage).get_caller_identity()["Account"] == account


@pytest.mark.slow
def test_accounts_do_not_see_each_other(emulator: TestEmulator) -> None:
    emulator.client("sns", "dev").create_topic(Name="only-dev")
    topics = emulator.client("sns", "prod").list_topics()["Topics"]
    assert not any("only-dev" in topic["TopicArn"] for topic in topics)


@pytest.mark.slow
def test_a_stages_profile_reaches_it_from_an_unchanged_session(emulator: TestEmulator) -> None:
    identity = emulator.running.session("qa").client("sts").get_caller_identity()
    assert identity["Account"] == "222222222222"
