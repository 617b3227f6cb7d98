"""The three kinds of model folder, and what of their layout no server could load."""

from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

import yaml

Kind = Literal["mlflow", "code", "encoder"]
HANDLERS = Path("code") / "inference.py"
CONVERT = "`berth pack --convert FOLDER ARCHIVE` writes it"
_ENCODERS = ("config.json", "modules.json")
# What of flavors.python_function names a file of the folder.
_PATHS = ("code", "data", "model_code_path", "model_path", "python_model")


class LayoutError(Exception):
    """The folder is no model that can be served; the text is one line."""


def kind_of(folder: Path) -> Kind:
    """The kind of a folder, as the server sees it.

    Raises:
        LayoutError: where it is none.
    """
    if (folder / "MLmodel").exists():
        return "mlflow"
    if (folder / HANDLERS).is_file() or (folder / "model.py").is_file():
        return "code"
    if any((folder / name).exists() for name in _ENCODERS):
        return "encoder"
    raise LayoutError(
        f"{folder}: no model folder: it has no MLmodel (MLflow), no {HANDLERS} (SageMaker's "
        "handlers) and no config.json (transformers); name the folder that one of them is in"
    )


def check_layout(folder: Path) -> Kind:
    """The kind of a folder whose files are those that its records name.

    Raises:
        LayoutError: with one line for the first that is wrong.
    """
    kind = kind_of(folder)
    if kind == "mlflow":
        _check_mlflow(folder)
    elif kind == "encoder":
        _check_encoder(folder)
    return kind


def _check_mlflow(folder: Path) -> None:
    record = folder / "MLmodel"
    try:
        content = yaml.safe_load(record.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        # Its own text quotes the file.
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LayoutError(f"{record}: line {line}: cannot be read: {error.problem}") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise LayoutError(f"{record}: cannot be read: {' '.join(str(error).split())}") from None
    flavors = content.get("flavors") if isinstance(content, dict) else None
    flavor = flavors.get("python_function") if isinstance(flavors, dict) else None
    if not isinstance(flavor, dict):
        raise LayoutError(
            f"{record}: no flavors.python_function; log the model with a pyfunc flavor"
        )
    for key, path in _named(flavor):
        where = f"{record}: flavors.python_function.{key} = {path}"
        if "\\" in path or PureWindowsPath(path).drive:
            raise LayoutError(
                f"{where}: a path of Windows, which no Linux finds; write it with / for \\, from "
                "the model's folder"
            )
        if not (folder / path).exists():
            raise LayoutError(f"{where}: no such file in the folder; log the model again")


def _named(flavor: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The files that the flavor names, by their keys."""
    for key in _PATHS:
        if isinstance(path := flavor.get(key), str):
            yield key, path
    artifacts = flavor.get("artifacts")
    for name, artifact in artifacts.items() if isinstance(artifacts, dict) else ():
        path = artifact.get("path") if isinstance(artifact, dict) else None
        if isinstance(path, str):
            yield f"artifacts.{name}.path", path


def _check_encoder(folder: Path) -> None:
    if (folder / "modules.json").exists():
        return  # sentence-transformers' modules have folders of their own
    if not (folder / "tokenizer.json").exists():
        raise LayoutError(f"{folder}: no tokenizer.json (an older tokenizer); {CONVERT}")
    if (folder / "model.safetensors").exists():
        return
    found = "no model.safetensors"
    if any(folder.glob("pytorch_model*.bin")):
        found = "its weights are a pickle (pytorch_model.bin), which is not loaded"
    elif (folder / "model.safetensors.index.json").exists():
        found = "its weights are in several files, and one model.safetensors is loaded"
    raise LayoutError(f"{folder}: {found}; {CONVERT}")
