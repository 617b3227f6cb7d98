"""The parts of recording that ask no AWS."""

from promotion.record import _version


def test_the_version_of_berth_is_that_of_the_templates() -> None:
    storage = {"Metadata": {"Berth": {"version": "0.2.0"}}}
    assert _version({"berth-dev-storage": storage, "berth-dev-serving": {}}) == "0.2.0"
    assert _version({"berth-dev-storage": {"Metadata": {"Berth": {"mode": "batch"}}}}) is None
