from math import isnan

from bench.serving.figures import Figures, highest_rate, medians, percentile


def test_percentile_is_a_value_that_was_measured() -> None:
    ordered = list(range(1, 101))
    assert [percentile(ordered, percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 99) == 7.0


def test_one_slow_request_in_fifty_is_seen_in_the_99th_percentile() -> None:
    assert percentile([1.0] * 49 + [900.0], 99) == 900.0


def test_no_answers_have_no_percentile() -> None:
    assert isnan(percentile([], 50))


def test_medians_are_of_each_figure_and_failures_are_added_up() -> None:
    found = medians(
        [_figures(rate=100, failed=0), _figures(rate=300, failed=2), _figures(rate=120)]
    )
    assert (found.rate, found.failed) == (120, 2)


def test_highest_rate_comes_close_to_what_holds() -> None:
    tried: list[float] = []

    def holds(rate: float) -> bool:
        tried.append(rate)
        return rate <= 143

    found = highest_rate(holds, 50, 200, probes=7)
    assert 140 < found <= 143
    assert len(tried) == 7


def test_highest_rate_is_the_lowest_when_that_alone_holds() -> None:
    assert highest_rate(lambda rate: rate <= 50, 50, 200, probes=3) == 50


def test_highest_rate_is_none_when_nothing_holds() -> None:
    assert highest_rate(lambda _: False, 50, 200, probes=3) == 0


def _figures(*, rate: float, failed: float = 0) -> Figures:
    return Figures(
        rate=rate,
        p50=1,
        p95=2,
        p99=3,
        failed=failed,
        hung=0,
        ping_ms=1,
        generator_cpu=0,
        server_cpu=1,
        other_cpu=0,
    )
