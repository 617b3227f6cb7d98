"""No program of a job outlives the emulator, nor its folder where it can end as it should."""

import signal

import pytest

from tests.localaws.sagemaker.conftest import Account, end_emulator, eventually
from tests.localaws.sagemaker.transform.conftest import Transforms

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_jobs_program_ends_with_the_emulator(
    own_account: Account, number: signal.Signals
) -> None:
    transforms = Transforms(own_account)
    name = transforms.begin(
        transforms.put({"slow": '{"sleep": 600}'}), transforms.model(stubborn=True)
    )
    eventually(lambda: "TransformStartTime" in transforms.describe(name))
    models = own_account.emulator.home / "transform-jobs"
    assert [*models.rglob("behaviour.json")]
    end_emulator(own_account, number)
    if number == signal.SIGTERM:
        eventually(lambda: not [*models.rglob("behaviour.json")])
