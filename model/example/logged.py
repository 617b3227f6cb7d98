"""The trained example as an MLflow pyfunc bundle."""

import hashlib
import json
import re
import warnings
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import mlflow.pyfunc
import pandas as pd
import yaml
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array, Object, Property
from tokenizers import Tokenizer
from transformers import BertForTokenClassification, PreTrainedTokenizerFast

from model.example.corpus import Sentence

BUNDLE = Path(__file__).parents[1] / "bundle"
SERVING_NEEDS = (
    "mlflow-skinny",
    "numpy",
    "pandas",
    "safetensors",
    "tokenizers",
    "torch",
    "transformers",
)
INPUT_EXAMPLE = pd.DataFrame(
    {
        "text": [
            "Maria Lopez joined Siemens in Lisbon on 3 March 2024.",
            "Bank of Geneva paid $4.5 million to Tom Fisher, a lawyer from Nairobi.",
            "Reading in the summer is a nice habit.",
        ]
    }
)
_SPAN = Object(
    [
        Property("text", DataType.string),
        Property("label", DataType.string),
        Property("score", DataType.double),
        Property("start", DataType.long),
        Property("end", DataType.long),
    ]
)
# Text in; out comes, for each row, a list of spans.
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "text")]), outputs=Schema([ColSpec(Array(_SPAN))])
)


def save_artifacts(
    classifier: BertForTokenClassification, tokenizer: Tokenizer, folder: Path
) -> None:
    """Write the classifier as transformers does: config, safetensors, tokenizer."""
    classifier.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=classifier.config.max_position_embeddings,
        pad_token="[PAD]",  # noqa: S106 - no password
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
    ).save_pretrained(folder)


def log(classifier_folder: Path, folder: Path) -> None:
    """Write the bundle: the same classifier gives the same bytes."""
    with warnings.catch_warnings():
        mlflow.pyfunc.save_model(
            folder,
            python_model=str(BUNDLE / "ner.py"),
            artifacts={
                "classifier": str(classifier_folder),
                "false_positives": str(BUNDLE / "false_positives.txt"),
            },
            pip_requirements=[f"{name}=={_public_version(name)}" for name in SERVING_NEEDS],
            signature=SIGNATURE,
            input_example=INPUT_EXAMPLE,
            mlflow_model=Model(utc_time_created="1970-01-01 00:00:00.000000", model_uuid=None),
        )
    _forget_where_and_when(folder)


def write_golden(sentences: Iterable[Sentence], file: Path) -> None:
    """Write golden.jsonl, by which `berth verify` judges an endpoint.

    A line is a case: the body of a request, and the entities that its response has to have.
    """
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


def _public_version(name: str) -> str:
    """Without a local part such as `+cpu`, which only this machine's index may know."""
    return re.sub(r"\+.*", "", version(name))


def _forget_where_and_when(folder: Path) -> None:
    """Replace in MLmodel what differs from save to save: source paths and the random id."""
    path = folder / "MLmodel"
    described = yaml.safe_load(path.read_text("utf-8"))
    flavor = described["flavors"]["python_function"]
    flavor["model_code_path"] = Path(flavor["model_code_path"]).name
    for artifact in flavor["artifacts"].values():
        artifact["uri"] = artifact["path"]
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != path)
    for file in files:
        file.chmod(0o644)  # transformers writes 0600, which a container's user cannot read
    digests = (hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    described["model_uuid"] = hashlib.sha256("".join(digests).encode()).hexdigest()[:32]
    path.write_text(yaml.safe_dump(described), "utf-8")
