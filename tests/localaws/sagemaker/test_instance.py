"""The port that an instance is given."""

import random

import pytest

from localaws.sagemaker import instance


def test_no_two_instances_of_an_emulator_have_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the first does not listen yet."""
    monkeypatch.setattr(instance, "_ports_in_use", set())
    monkeypatch.setattr(random, "sample", lambda ports, k: list(ports)[:k])
    assert instance._free_port() != instance._free_port()
