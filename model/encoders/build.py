"""`berth model --example`: a text classifier or a sentence encoder, from nothing to its folder."""

import hashlib
import json
import os
import platform
import random
import shutil
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from tokenizers import Tokenizer

# These are private to model/build.py as every change of that file trains its example anew.
from model.build import _is_current, _names, _write_json
from model.encoders import questions, snippets
from model.example.corpus import Sentence
from model.example.rows import train_tokenizer

HERE = Path(__file__).parent
TEST_SEED = 1_000_003  # the test is the same whatever seed the model is trained with
GOLDEN = 200
NEEDS = ("numpy", "safetensors", "tokenizers")
_SNIPPETS = 30_000
_STEPS, _PAIRS = 500, 96
_TYPE = "sentence_transformers.models.{}"

Make = Callable[[Path, int, "OnStep"], dict[str, Any]]
OnStep = Callable[[int, int, float], None]


def build_if_changed(example: str, folder: Path, *, seed: int) -> None:
    """Train an example of EXAMPLES and write it to the folder, unless nothing has changed.

    What is built is put in place by renaming. Beside the folder `<name>-report.json` says how good
    the model is, and `<name>-stamp.json` what it was made of.
    """
    console = Console(stderr=True)
    stamp = folder.with_name(f"{folder.name}-stamp.json")
    inputs = _fingerprint(example, seed)
    if _is_current(folder, stamp, inputs):
        console.print(f"{folder} is up to date")
        return
    started = time.monotonic()
    work = folder.with_name(f".{folder.name}-{os.getpid()}")
    made = work / "made"
    made.mkdir(parents=True)
    try:
        report = {"example": example, "seed": seed, **_made(example, made, seed, console)}
        report["seconds"] = round(time.monotonic() - started, 1)
        stamp.unlink(missing_ok=True)
        if folder.exists():
            folder.replace(work / "before")
        made.replace(folder)
        _write_json(folder.with_name(f"{folder.name}-report.json"), report)
        _write_json(stamp, {"inputs": inputs, "files": _names(folder)})
    finally:
        shutil.rmtree(work, ignore_errors=True)
    console.print(f"wrote {folder} in {report['seconds']} s: {report['said']}")


def settings(folder: str) -> tuple[str, ...]:
    """The lines of stages.toml that serve it."""
    needs = ", ".join(f'"{name}=={version(name)}"' for name in NEEDS)
    python = ".".join(platform.python_version_tuple()[:2])
    path = f'path = "{folder}"'
    return "[model]", path, f'python = "{python}"', f"requirements = [{needs}]"


def _made(example: str, folder: Path, seed: int, console: Console) -> dict[str, Any]:
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("training", total=None)

        def on_step(done: int, steps: int, loss: float) -> None:
            note = f"training, loss {loss:.3f}"
            bar.update(task, completed=done, total=steps, description=note)

        report = EXAMPLES[example](folder, seed, on_step)
    for file in folder.rglob("*"):
        if file.is_file():
            file.chmod(0o644)  # transformers writes 0600, which a container's user cannot read
    return report


def _sentiment(folder: Path, seed: int, on_step: OnStep) -> dict[str, Any]:
    from model.encoders import training  # noqa: PLC0415 - torch takes seconds

    texts = snippets.snippets(seed, _SNIPPETS, held_out=False)
    tokenizer = _tokenizer([text for text, _ in texts])
    classifier = training.train_classifier(
        texts, tokenizer, snippets.LABELS, seed=seed, on_step=on_step
    )
    _save(classifier, tokenizer, folder)
    test = snippets.snippets(TEST_SEED, 1_000, held_out=True)
    logits = classifier(**training.encoded(tokenizer, [text for text, _ in test])).logits
    found = [snippets.LABELS[index] for index in logits.argmax(-1)]
    right = sum(one == label for one, (_, label) in zip(found, test, strict=True))
    _write_golden(folder, ({"input": _body(text), "label": label} for text, label in test[:GOLDEN]))
    accuracy = right / len(test)
    said = f"accuracy {accuracy:.3f} on forms of sentence that training has not seen"
    return {"accuracy": accuracy, "test_texts": len(test), "said": said}


def _encoder(folder: Path, seed: int, on_step: OnStep) -> dict[str, Any]:
    import torch  # noqa: PLC0415

    from model.encoders import training  # noqa: PLC0415

    every = questions.meanings()

    def pairs(chance: random.Random) -> tuple[Sequence[str], Sequence[str]]:
        batch = chance.sample(every, _PAIRS)
        one, other = (
            [questions.worded(each, chance, held_out=False) for each in batch] for _ in range(2)
        )
        return one, other

    chance = random.Random(seed)  # noqa: S311 - no secret
    tokenizer = _tokenizer(
        [questions.worded(each, chance, held_out=False) for each in every for _ in range(3)]
    )
    encoder = training.train_encoder(pairs, tokenizer, steps=_STEPS, seed=seed, on_step=on_step)
    _save(encoder, tokenizer, folder)
    _write_modules(folder, training.WIDTH)
    chance = random.Random(TEST_SEED)  # noqa: S311
    asked, known = (
        [questions.worded(each, chance, held_out=held_out) for each in every]
        for held_out in (True, False)
    )
    with torch.no_grad():
        there, here = (training.vectors(encoder, tokenizer, texts) for texts in (asked, known))
    nearest = (there @ here.T).argmax(-1)
    accuracy = float((nearest == torch.arange(len(every))).float().mean())
    some = chance.sample(range(len(every)), GOLDEN)
    _write_golden(
        folder,
        (
            {"input": _body(asked[at]), "vector": [round(x, 5) for x in there[at].tolist()]}
            for at in some
        ),
    )
    said = f"{accuracy:.3f} of held-out questions are nearest to the one of their meaning"
    return {"nearest": accuracy, "test_texts": len(every), "said": said}


EXAMPLES: dict[str, Make] = {"sentiment": _sentiment, "encoder": _encoder}


def _tokenizer(texts: Sequence[str]) -> Tokenizer:
    return train_tokenizer([Sentence(text, ()) for text in texts])


def _save(model: Any, tokenizer: Tokenizer, folder: Path) -> None:
    from model.example.logged import save_artifacts  # noqa: PLC0415 - MLflow takes seconds

    save_artifacts(model, tokenizer, folder)


def _write_modules(folder: Path, width: int) -> None:
    """What sentence-transformers writes: the mean of the states, of length 1.

    https://sbert.net/docs/package_reference/sentence_transformer/modules.html
    """
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    listed = [
        {"idx": index, "name": str(index), "path": path, "type": _TYPE.format(kind)}
        for index, (kind, path) in enumerate(paths.items())
    ]
    _write_json(folder / "modules.json", listed)
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True}
    _write_json(folder / "1_Pooling" / "config.json", pooling)


def _body(text: str) -> dict[str, list[str]]:
    return {"text": [text]}


def _write_golden(folder: Path, cases: Any) -> None:
    lines = (json.dumps(case, ensure_ascii=False) for case in cases)
    (folder / "golden.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _fingerprint(example: str, seed: int) -> dict[str, str]:
    """What the folder depends on: sources, versions, seed."""
    shared = [HERE.parent / "example" / name for name in ("rows.py", "logged.py")]
    digest = hashlib.sha256()
    for path in [*sorted(HERE.glob("*.py")), *shared, HERE.parent / "requirements.txt"]:
        digest.update(f"{path.relative_to(HERE.parent)}\0".encode() + path.read_bytes() + b"\0")
    return {
        "example": example,
        "sources": digest.hexdigest(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "seed": str(seed),
    }
