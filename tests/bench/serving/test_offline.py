from pathlib import Path

import pytest

from bench.serving import offline, results, workload


def test_both_use_all_cores_by_threads_and_by_processes() -> None:
    found = offline._settings(4, "float32", gpu=False)
    assert {(each.kind, each.workers, each.threads) for each in found} == {
        ("torch", 1, 4),
        ("torch", 4, 1),
        ("float32", 1, 4),
        ("float32", 4, 1),
    }
    assert {each.batch for each in found if each.kind == "torch"} == {8, 16, 32}


@pytest.mark.slow
def test_it_measures_both_and_compares_what_they_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workload.make_model(tmp_path / "model", layers=1, width=64)
    written = tmp_path / "results.json"
    monkeypatch.setattr(offline, "model_of", lambda _: tmp_path / "model")
    arguments = ["offline", "--texts", "16", "--rounds", "1", "--json", str(written)]
    monkeypatch.setattr("sys.argv", arguments)
    assert offline.main() == 0
    assert "16 of 16 texts" in capsys.readouterr().out
    limits = results.read([written]).offline
    assert list(limits) == ["plain torch", "ours"]
    assert all(rate > 0 for rates in limits.values() for rate in rates)
