"""`berth model`: from nothing to the MLflow folder, and its report."""

import hashlib
import json
import multiprocessing
import os
import platform
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from model.example import corpus, rows

HERE = Path(__file__).parent
TRAINING_SENTENCES = 62_000
TOKENIZER_SENTENCES = 15_000
TEST_SENTENCES = 1_000
TEST_SEED = 1_000_003  # the test is the same whatever seed the model is trained with
GOLDEN_SENTENCES = 200  # of the test's, kept with the model
BATCH = 200


def build_if_changed(folder: Path, *, seed: int) -> None:
    """Train the example and write it to the folder, unless it is there and nothing changed.

    What is built is put in place by renaming: an interrupted build leaves the folder of before,
    or none. Beside the folder `<name>-report.json` says how good the model is, and
    `<name>-stamp.json` what it was made of.
    """
    console = Console(stderr=True)
    stamp = folder.with_name(f"{folder.name}-stamp.json")
    inputs = _fingerprint(seed)
    if _is_current(folder, stamp, inputs):
        console.print(f"{folder} is up to date")
        return
    started = time.monotonic()
    work = folder.with_name(f".{folder.name}-{os.getpid()}")
    work.mkdir(parents=True)
    try:
        report = _make(work, seed, console)
        report["seconds"] = round(time.monotonic() - started, 1)
        _print(report, console)
        stamp.unlink(missing_ok=True)
        if folder.exists():
            folder.replace(work / "before")
        (work / "bundle").replace(folder)
        _write_json(folder.with_name(f"{folder.name}-report.json"), report)
        _write_json(stamp, {"inputs": inputs, "files": _names(folder)})
    finally:
        shutil.rmtree(work, ignore_errors=True)
    console.print(f"wrote {folder} in {report['seconds']} s")


def _make(work: Path, seed: int, console: Console) -> dict[str, Any]:
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    spawn = multiprocessing.get_context("spawn")
    with (
        console.status("writing the corpus, training the tokenizer, loading torch and MLflow"),
        ProcessPoolExecutor(1, spawn) as other,  # on another core, while this one imports
    ):
        writing = other.submit(rows.write, seed, TRAINING_SENTENCES, TOKENIZER_SENTENCES)
        from model.bundle.ner import Recognizer, read_terms  # noqa: PLC0415 - takes seconds
        from model.example import evaluation, logged, training  # noqa: PLC0415

        written, tokenizer = writing.result()
    test = corpus.Author(TEST_SEED, held_out=True).sentences(TEST_SENTENCES)
    with _bar(console) as bar:
        task = bar.add_task("training", total=None)

        def on_step(done: int, steps: int, loss: float) -> None:
            note = f"training, loss {loss:.3f}"
            bar.update(task, completed=done, total=steps, description=note)

        classifier = training.train_classifier(
            written, vocabulary=tokenizer.get_vocab_size(), seed=seed, on_step=on_step
        )
    logged.save_artifacts(classifier, tokenizer, work / "classifier")
    with _bar(console) as bar:
        terms = read_terms((logged.BUNDLE / "false_positives.txt").read_text("utf-8").splitlines())
        recognize = Recognizer(work / "classifier", terms)
        found = []
        for start in bar.track(range(0, len(test), BATCH), description="testing"):
            found += recognize([sentence.text for sentence in test[start : start + BATCH]])
    scores = evaluation.scores(
        [[(e.label, e.start, e.end) for e in sentence.entities] for sentence in test],
        [[(span["label"], span["start"], span["end"]) for span in spans] for spans in found],
    )
    with console.status("writing the MLflow folder"):
        logged.log(work / "classifier", work / "bundle")
        logged.write_golden(test[:GOLDEN_SENTENCES], work / "bundle" / "golden.jsonl")
    return {
        "seed": seed,
        "training_sentences": TRAINING_SENTENCES,
        "test_sentences": len(test),
        "test": "held-out templates with held-out names; a span counts when bounds and label match",
        "scores": {label: asdict(score) for label, score in scores.items()},
    }


def _fingerprint(seed: int) -> dict[str, str]:
    """What the folder depends on: sources, versions, seed."""
    sources = [HERE / "build.py", HERE / "requirements.txt"]
    sources += sorted(
        path
        for part in ("example", "bundle")
        for path in (HERE / part).iterdir()
        if path.suffix in {".py", ".toml", ".txt"}
    )
    digest = hashlib.sha256()
    for path in sources:
        digest.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes() + b"\0")
    return {
        "sources": digest.hexdigest(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "seed": str(seed),
    }


def _is_current(folder: Path, stamp: Path, inputs: dict[str, str]) -> bool:
    """Whether the folder was made of these inputs and no file of it is gone.

    A file that was edited since is left as it is.
    """
    try:
        known = json.loads(stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(known, dict) and known == {"inputs": inputs, "files": _names(folder)}


def _names(folder: Path) -> list[str]:
    """The folder's files, without the bytecode that loading the model leaves."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(str(path.relative_to(folder)) for path in files)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", "utf-8")


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def _print(report: dict[str, Any], console: Console) -> None:
    table = Table("", "precision", "recall", "F1", "entities", title="held-out sentences and names")
    for label, score in report["scores"].items():
        figures = (f"{score[key]:.3f}" for key in ("precision", "recall", "f1"))
        table.add_row(label, *figures, str(score["expected"]))
    console.print(table)
