from dataclasses import replace
from pathlib import Path

import pytest

from bench.serving import results
from bench.serving.figures import Figures
from bench.serving.measure import Measured
from bench.serving.predictions import Agreement
from bench.serving.report import Table, tables
from bench.serving.results import Results

FIGURES = Figures(
    rate=100,
    p50=10,
    p95=20,
    p99=30,
    failed=0,
    hung=0,
    ping_ms=1,
    generator_cpu=0.1,
    server_cpu=1.9,
    other_cpu=0.0,
)
AGREEMENT = Agreement(texts=9, equal=9, spans=20, missing=0, extra=0, score=1e-7)


def _measured(server: str, rate: float, p99: float) -> Measured:
    return Measured(
        server=server,
        family=server,
        start=5,
        memory=2**20,
        agreement=AGREEMENT,
        closed={"8": replace(FIGURES, rate=rate, p99=p99)},
        open_rate=rate - 10,
        half=FIGURES,
    )


RESULTS = Results(
    machine="2 cores",
    shape="small",
    offline={"torch": [200.0, 210.0, 100.0], "ours": [300.0]},
    measured=[
        _measured("berth", 250, 40),
        _measured("slow", 100, 50),
        _measured("fast", 125, 80),
        _measured("berth", 270, 44),
        _measured("berth", 260, 42),
    ],
)


def test_ours_is_set_against_the_best_peer_in_each_figure() -> None:
    rows = {row[0]: row[1:] for row in _table("Ours to").rows}
    assert rows["rate, 8 conn."] == ["125", "260 (2.08x)", "1.30", "0.87"]
    assert rows["p99 ms, 8 conn."] == ["50.0", "42.0 (0.84x)", "", ""]
    assert rows["rate, p99 < 250 ms"] == ["115", "250 (2.17x)", "1.25", "0.83"]


def test_limits_are_medians_set_against_the_first() -> None:
    assert _table("Without").rows == [["torch", "200", "1.00"], ["ours", "300", "1.50"]]


def test_a_table_in_markdown_has_a_line_for_each_row() -> None:
    assert Table("T.", ["a", "b"], [["x", "1"]]).markdown().splitlines() == [
        "T.",
        "",
        "| a | b |",
        "| --- | ---: |",
        "| x | 1 |",
    ]


def test_results_are_read_as_written_and_put_together(tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    results.write(RESULTS, first)
    results.write(replace(RESULTS, failed={"odd": "ended"}), second)
    assert results.read([first]) == RESULTS
    together = results.read([first, second])
    assert together.measured == [*RESULTS.measured, *RESULTS.measured]
    assert together.failed == {"odd": "ended"}


def test_results_of_another_machine_are_not_put_together(tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    results.write(RESULTS, first)
    results.write(replace(RESULTS, machine="96 cores"), second)
    with pytest.raises(ValueError, match="another machine"):
        results.read([first, second])


def test_a_file_without_results_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "1.json"
    file.write_text("{}")
    with pytest.raises(ValueError, match="no results"):
        results.read([file])


def _table(title: str) -> Table:
    return next(table for table in tables(RESULTS) if table.title.startswith(title))
