import pytest

from bench.serving import encoders
from bench.serving.encoders import servers


@pytest.mark.slow
def test_the_servers_of_a_task_take_turns_with_a_model_that_is_made_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(encoders, "servers", lambda task: servers(task)[:1])
    monkeypatch.setattr(encoders, "_SECONDS", 0.1)
    monkeypatch.setattr(encoders, "_WARM_SECONDS", 0.1)
    monkeypatch.setattr(encoders, "_COMPARED", 2)
    monkeypatch.setattr("sys.argv", ["encoders", "--rounds", "1", "--connections", "2"])
    assert encoders.main() == 0
    printed = capsys.readouterr().out
    assert "classes: berth: 2 of 2 texts as ours" in printed
    assert "vectors: berth: 2 of 2 texts as ours" in printed
    assert printed.count("ours 1.00 times") == 2


@pytest.mark.parametrize(
    ("answer", "prediction"),
    [
        (b'{"predictions": [{"label": "A", "score": 0.5}]}', "A"),
        (b'{"data": [[{"label": "B", "score": 0.4}, {"label": "A", "score": 0.6}]]}', "A"),
        (b'{"predictions": [[0.5, 0.5]]}', [0.5, 0.5]),
        (b'{"data": [{"embedding": [0.5, 0.5]}]}', [0.5, 0.5]),
    ],
)
def test_every_servers_answer_is_a_class_or_a_vector(answer: bytes, prediction: object) -> None:
    assert [server.read(answer) for server in servers("classes")] == [prediction] * 3
