"""`python -m bench.serving.offline`: the same model without a server, by plain torch and by ours.

Plain torch is what any server's speed is held against: the bare model of transformers, texts
sorted by length, tokenizing included, post-processing not. Ours is what the server's workers run,
post-processing included. Each is measured at several settings, which take turns. What is written
goes with the servers' results: `python -m bench.serving.report FILE…`.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from ..environments import CACHE
from . import predictions, results, workload
from .catalogue import AGGREGATION
from .results import Results
from .servers import ROOT, Span
from .shapes import SHAPES, model_of

BLOCK = 64  # texts that a process is given at once
COMPARED = 500

Rates = dict["Setting", list[float]]
Compute = Callable[[Sequence[str], int], Any]
_computes: dict[str, Compute] = {}  # in each process, by what it runs


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to compute the texts: by what, in how many processes, at what batch size."""

    kind: str
    workers: int
    threads: int
    batch: int = 0

    @property
    def name(self) -> str:
        """For the table."""
        batch = f", batches of {self.batch}" if self.batch else ""
        return f"{self.kind}, {self.workers} x {self.threads} threads{batch}"


def main() -> int:
    """Measure, print and write; 1 if ours finds something else than transformers' pipeline."""
    arguments = _arguments()
    model = model_of(arguments.shape)
    texts = workload.texts(arguments.texts, seed=1)
    gpu = results.gpu()
    settings = _settings(len(os.sched_getaffinity(0)), arguments.precision, gpu=gpu is not None)
    pools = {(each.kind, each.workers): _pool(each, model) for each in settings}
    rates: dict[Setting, list[float]] = {setting: [] for setting in settings}
    for number in range(arguments.rounds + 1):
        for setting in settings:
            rate = _rate(pools[setting.kind, setting.workers], setting, texts)
            if number:  # the first round warms up
                rates[setting].append(rate)
    plain, ours = (_best(rates, plain=plain) for plain in (True, False))
    limits = {"plain torch": rates[plain], "ours": rates[ours]}
    found = Results(machine=results.machine(gpu), shape=arguments.shape, offline=limits)
    results.write(found, arguments.json)
    _show(rates, limits)
    entities = _entities(pools[ours.kind, ours.workers], ours.kind, texts[:COMPARED])
    for pool in pools.values():
        pool.shutdown()
    return _compare(model, texts[:COMPARED], entities)


@contextmanager
def ours(model: Path) -> Iterator[Callable[[Sequence[str]], float]]:
    """What measures our own rate, with a process a core; it has warmed up."""
    setting = Setting("float32", len(os.sched_getaffinity(0)), 1)
    with _pool(setting, model) as pool:
        rate = partial(_rate, pool, setting)
        rate(workload.texts(2 * BLOCK, seed=1))
        yield rate


def _settings(cores: int, precision: str, *, gpu: bool) -> list[Setting]:
    shared = [(1, cores)] if gpu or cores == 1 else [(1, cores), (cores, 1)]
    sizes = (32, 64, 128) if gpu else (8, 16, 32)
    plain = [Setting("torch", *each, batch) for each in shared for batch in sizes]
    return plain + [Setting(precision, *each) for each in shared]


def _pool(setting: Setting, model: Path) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        setting.workers,
        mp_context=get_context("spawn"),
        initializer=_load,
        initargs=(setting.kind, setting.threads, model),
    )


def _load(kind: str, threads: int, model: Path) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    _computes[kind] = _plain(model, threads) if kind == "torch" else _ours(model, threads, kind)


def _plain(model: Path, threads: int) -> Compute:
    import torch  # noqa: PLC0415 - only where it is measured
    from tokenizers import Tokenizer  # noqa: PLC0415
    from transformers import AutoModelForTokenClassification  # noqa: PLC0415

    torch.set_num_threads(threads)
    gpu = torch.cuda.is_available()
    device, dtype = ("cuda", torch.bfloat16) if gpu else ("cpu", torch.float32)
    classifier: Any = AutoModelForTokenClassification.from_pretrained(model, dtype=dtype)
    classifier = classifier.eval().to(device)
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.enable_truncation(classifier.config.max_position_embeddings)
    tokenizer.enable_padding()

    def compute(texts: Sequence[str], batch: int) -> None:
        for start in range(0, len(texts), batch):
            encodings = tokenizer.encode_batch(texts[start : start + batch])
            ids = torch.tensor([each.ids for each in encodings], device=device)
            mask = torch.tensor([each.attention_mask for each in encodings], device=device)
            with torch.inference_mode():
                logits = classifier(input_ids=ids, attention_mask=mask).logits
                logits.float().softmax(-1).max(-1).indices.cpu().numpy()

    return compute


def _ours(model: Path, threads: int, precision: str) -> Compute:
    sys.path.insert(0, str(ROOT / "container"))
    from berth_serving.config import Settings  # noqa: PLC0415 - the image has it on its path
    from berth_serving.tokens.classifier import TokenClassifier  # noqa: PLC0415

    settings = Settings(threads=threads, cpu_precision=precision)
    classifier = TokenClassifier(model, settings=settings)

    def compute(texts: Sequence[str], _: int) -> list[Any]:
        encoded = classifier.encode(texts)
        rest = iter(classifier.forward([item for each in encoded for item in each.items]))
        return [classifier.finish(each, [next(rest) for _ in each.items]) for each in encoded]

    return compute


def _rate(pool: ProcessPoolExecutor, setting: Setting, texts: Sequence[str]) -> float:
    started = time.perf_counter()
    ordered = sorted(texts, key=len, reverse=True)  # the long ones first: all end together
    blocks = [ordered[start : start + BLOCK] for start in range(0, len(ordered), BLOCK)]
    for done in [pool.submit(_run, setting.kind, block, setting.batch) for block in blocks]:
        done.result()
    return len(texts) / (time.perf_counter() - started)


def _run(kind: str, texts: Sequence[str], batch: int) -> Any:
    return _computes[kind](texts, batch)


def _best(rates: Rates, *, plain: bool) -> Setting:
    chosen = [setting for setting in rates if (setting.kind == "torch") == plain]
    return max(chosen, key=lambda setting: median(rates[setting]))


def _entities(pool: ProcessPoolExecutor, kind: str, texts: Sequence[str]) -> list[list[Span]]:
    found = pool.submit(_run, kind, texts, 0).result()
    return [
        [Span(each["label"], each["start"], each["end"], each["score"]) for each in entities]
        for entities in found
    ]


def _show(rates: Rates, limits: dict[str, list[float]]) -> None:
    table = Table("", "texts/s", "least", "most", title="offline, medians")
    for setting, each in rates.items():
        figures = (f"{rate:.0f}" for rate in (median(each), min(each), max(each)))
        table.add_row(setting.name, *figures)
    console = Console()
    console.print(table)
    plain, ours = (median(each) for each in limits.values())
    console.print(f"ours / plain torch, each at its best: {ours / plain:.2f}", highlight=False)


def _compare(model: Path, texts: Sequence[str], found: list[list[Span]]) -> int:
    agreement = predictions.compare(predictions.reference(model, texts, AGGREGATION), found)
    print(
        f"{agreement.equal} of {agreement.texts} texts have the entities of transformers' "
        f"pipeline ({agreement.spans}); scores differ by {agreement.score:.1e} at most"
    )
    return 0 if agreement.equal == agreement.texts else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.serving.offline", description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="small", help="of the model")
    parser.add_argument("--texts", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=("float32", "int8"), default="float32")
    parser.add_argument("--json", type=Path, default=CACHE / "offline.json", help="where to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
