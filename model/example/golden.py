"""golden.jsonl: sentences and their entities, as `berth verify` asks for them."""

import json
from collections.abc import Iterable
from pathlib import Path

from model.example.corpus import Sentence


def write(sentences: Iterable[Sentence], file: Path) -> None:
    """Write a case a line: the body of a request, and the entities of the answer wanted."""
    lines = (json.dumps(_case(sentence), ensure_ascii=False) for sentence in sentences)
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _case(sentence: Sentence) -> dict[str, object]:
    return {
        "input": {"text": [sentence.text]},
        "entities": [
            {"start": entity.start, "end": entity.end, "label": entity.label}
            for entity in sentence.entities
        ],
    }
