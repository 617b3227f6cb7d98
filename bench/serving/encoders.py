"""`python -m bench.serving.encoders`: text classification and embeddings beside peers, on CPU.

All servers of a task run at once, and are put under load in turns of seconds, so that a machine
whose speed swings does not decide between them. What they answer is compared first.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from math import dist
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from . import workload
from .catalogue import ours
from .drive import Driver
from .servers import ROOT, Running, Server, end_with_contexts

_SECONDS, _WARM_SECONDS = 3.0, 3.0
_COMPARED = 50
_OURS = "berth"
_DISTANCE = 1e-3  # of two vectors of length 1


def main() -> int:
    """Measure, and print medians of the turns; 1 where servers do not answer alike."""
    arguments = _arguments()
    end_with_contexts()
    texts = workload.texts(2000, seed=1)
    console, status = Console(), 0
    for task in arguments.tasks:
        with TemporaryDirectory() as scratch, ExitStack() as stack:
            model = Path(scratch) / "model"
            make(task, model)
            drivers: dict[str, Driver] = {}
            answers: dict[str, list[Prediction]] = {}
            for number, server in enumerate(servers(task)):
                running = stack.enter_context(Running(server, model))
                running.wait(texts[0])
                answers[server.name] = [running.predict(text) for text in texts[:_COMPARED]]
                folder = Path(scratch) / str(number)
                folder.mkdir()
                drivers[server.name] = Driver(running, texts, folder)
                drivers[server.name].closed(64, _WARM_SECONDS)
            for name, found in answers.items():
                alike = sum(map(_is_like, answers[_OURS], found))
                console.print(f"{task}: {name}: {alike} of {_COMPARED} texts as ours")
                status |= alike < _COMPARED
            console.print(_measured(drivers, arguments))
    return status


def make(task: str, folder: Path) -> None:
    """Write a small model of random weights: a text classifier, or a sentence encoder."""
    import torch  # noqa: PLC0415 - takes seconds
    from transformers import (  # noqa: PLC0415
        BertConfig,
        BertForSequenceClassification,
        BertModel,
    )

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=workload.VOCABULARY,
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=1024,
        id2label=dict(enumerate(workload.LABELS)),
    )
    kind: Any = BertForSequenceClassification if task == "classes" else BertModel
    kind(config).eval().save_pretrained(folder)
    longest = config.max_position_embeddings
    workload.word_pieces(workload.VOCABULARY, 10_000, longest=longest).save_pretrained(folder)
    if task == "vectors":
        _add_modules(folder, longest)


def _add_modules(folder: Path, longest: int) -> None:
    """Make it sentence-transformers': the mean of the tokens, of length 1."""
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": longest}))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 256, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))


def servers(task: str) -> list[Server]:
    """Ours, infinity with optimum's ONNX engine and, for classes, the pipeline in FastAPI."""
    found = [replace(ours(), read=_read), _infinity(task)]
    return [*found, _fastapi()] if task == "classes" else found


def _fastapi() -> Server:
    app = "bench.serving.peers.classifier_app:app"
    return Server(
        name="FastAPI, 2 workers",
        family="FastAPI",
        requirements="fastapi",
        command=(
            *("uvicorn", app, "--host", "127.0.0.1", "--port", "{port}", "--workers", "2"),
            *("--no-access-log", "--log-level", "warning", "--loop", "uvloop"),
            *("--http", "httptools"),
        ),
        environment={"BENCH_THREADS": "1", "OMP_NUM_THREADS": "1"},
        body=ours().body,
        read=_read,
    )


def _infinity(task: str) -> Server:
    return Server(
        name="infinity",
        family="infinity",
        requirements="infinity",
        prepare=partial(_export, task),
        command=(
            *("python", "-m", "bench.serving.peers.infinity_app", "v2"),
            *("--model-id", "{scratch}/model", "--served-model-name", "it", "--batch-size", "32"),
            *("--engine", "optimum", "--device", "cpu", "--host", "127.0.0.1", "--port", "{port}"),
            # Its warm-up has more tokens than the model takes.
            *(
                "--pooling-method",
                "mean",
                "--no-model-warmup",
                "--log-level",
                "warning",
                "--no-vector-disk-cache",
            ),
        ),
        body=lambda text: json.dumps({"model": "it", "input": [text]}).encode(),
        read=_read,
        environment={"DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"},
        path="/classify" if task == "classes" else "/embeddings",
        ping="/health",
    )


def _export(task: str, model: Path, scratch: Path, variables: Mapping[str, str]) -> None:
    command = ["python", "-m", "bench.serving.peers.onnx_model", task, str(model)]
    subprocess.run(
        [*command, str(scratch / "model")],
        cwd=ROOT,
        env=dict(variables),
        check=True,
        capture_output=True,
    )


Prediction = str | list[float]


def _read(answer: bytes) -> Prediction:
    """The class of the text, or its vector."""
    document = json.loads(answer)
    (one,) = document["predictions" if "predictions" in document else "data"]
    return _plain(one)


def _plain(prediction: Any) -> Prediction:
    match prediction:
        case {"label": label}:
            return str(label)
        case {"embedding": vector}:
            return list(vector)
        case [{"label": _}, *_] as classes:  # infinity has the score of each
            return str(max(classes, key=lambda one: one["score"])["label"])
        case _:
            return list(prediction)


def _is_like(one: Prediction, other: Prediction) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return dist(one, other) < _DISTANCE


def _measured(drivers: Mapping[str, Driver], arguments: argparse.Namespace) -> Table:
    ratios: dict[tuple[int, str], list[float]] = defaultdict(list)
    rates: dict[tuple[int, str], list[float]] = defaultdict(list)
    for _ in range(arguments.rounds):
        for connections in arguments.connections:
            turn = {name: each.closed(connections, _SECONDS).rate for name, each in drivers.items()}
            for name, rate in turn.items():
                rates[connections, name].append(rate)
                ratios[connections, name].append(turn[_OURS] / rate)
    table = Table("", *(f"{number} connections" for number in arguments.connections))
    for name in drivers:
        row = [
            f"{median(rates[number, name]):.0f}/s, ours {median(ratios[number, name]):.2f} times"
            for number in arguments.connections
        ]
        table.add_row(name, *row)
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.serving.encoders", description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=["classes", "vectors"])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
