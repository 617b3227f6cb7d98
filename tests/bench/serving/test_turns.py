from pathlib import Path

import pytest

from bench.serving import turns, workload


@pytest.mark.slow
def test_load_and_the_offline_rate_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workload.make_model(tmp_path / "model", layers=1, width=64)
    monkeypatch.setattr(turns, "model_of", lambda _: tmp_path / "model")
    monkeypatch.setattr(turns, "_SECONDS", 0.1)
    monkeypatch.setattr(turns, "_WARM_SECONDS", 0.1)
    monkeypatch.setattr(
        "sys.argv", ["turns", "--rounds", "1", "--connections", "2", "--open", "0.1"]
    )
    assert turns.main() == 0
    printed = capsys.readouterr().out
    assert "2 connections" in printed
    assert "open loop at 0.1 of offline" in printed
