import logging
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_serving.config import ConfigError, Settings

VARIABLES = [field.metadata["variable"] for field in fields(Settings)]


def test_nothing_set_is_sagemakers_own_defaults() -> None:
    settings = Settings.from_environment({})
    assert (settings.port, settings.host) == (8080, "0.0.0.0")
    assert settings.model_dir == Path("/opt/ml/model")
    assert settings.max_body_bytes == 26_214_400
    assert settings.drain_seconds < 30


def test_empty_counts_as_unset() -> None:
    assert Settings.from_environment(dict.fromkeys(VARIABLES, "")) == Settings()


@pytest.mark.parametrize(("given_level", "level"), [("debug", 10), ("ERROR", 40), ("20", 20)])
def test_the_level_is_a_name_or_a_number(given_level: str, level: int) -> None:
    settings = Settings.from_environment({"SAGEMAKER_CONTAINER_LOG_LEVEL": given_level})
    assert settings.log_level == level
    assert isinstance(logging.getLevelName(level), str)


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("SAGEMAKER_BIND_TO_PORT", "65536", "a whole number from 1 to 65535"),
        ("SAGEMAKER_BIND_TO_PORT", "-1", "a whole number from 1 to 65535"),
        ("BERTH_MAX_BODY_BYTES", "25MB", "a whole number from 1 to"),
        ("BERTH_SKIP_VERSION_CHECK", "yes", "0 or 1"),
        ("BERTH_MODEL_MANIFEST_SHA256", "ABC", "64 lower-case hexadecimal digits"),
        ("SAGEMAKER_CONTAINER_LOG_LEVEL", "loud", "DEBUG, INFO"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    variable: str, value: str, allowed: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_environment({variable: value})
    assert str(caught.value).startswith(f"{variable}={value!r}: must be ")
    assert allowed in str(caught.value)


def refusal(variable: str, value: str) -> str | None:
    try:
        Settings.from_environment({variable: value})
    except ConfigError as error:
        return str(error)
    return None


@given(st.sampled_from(VARIABLES), st.text())
def test_any_value_is_taken_or_refused_in_one_line(variable: str, value: str) -> None:
    reason = refusal(variable, value)
    assert reason is None or (variable in reason and len(reason.splitlines()) == 1)
