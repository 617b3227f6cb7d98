from math import sin

import pytest

from bench.serving.failures.soak import Soak, slope


def test_slope_is_found_through_noise_and_outliers() -> None:
    samples = [(float(second), 3.0 * second + sin(second)) for second in range(0, 500, 5)]
    samples[40] = (200.0, 1e6)
    assert slope(samples) == pytest.approx(3, abs=0.01)


def test_noise_alone_has_no_slope() -> None:
    samples = [(float(second), 100 + sin(second)) for second in range(0, 500, 5)]
    assert abs(slope(samples)) < 0.001


def test_more_than_a_tenth_in_a_day_is_growth() -> None:
    assert Soak(answered=1, failed=0, settled=100, last=101, day=11).grows
    assert not Soak(answered=1, failed=0, settled=100, last=101, day=9).grows
