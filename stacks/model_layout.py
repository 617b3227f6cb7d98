"""The three kinds of model folder, and what of their layout no server could load."""

import json
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

import yaml

Kind = Literal["mlflow", "code", "encoder"]
HANDLERS = Path("code") / "inference.py"
CONVERT = "`berth pack --convert FOLDER ARCHIVE` writes it"
_ENCODERS = ("config.json", "modules.json")
# What the server computes (container/berth_serving/models/classifier.py, tokens/pooling.py).
_SERVED = ("ForTokenClassification", "ForSequenceClassification")
_MODULES = {"Transformer", "Pooling", "Dense", "Normalize"}
_OWN_CODE = f"serve it by code of its own ({HANDLERS})"
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
        if ".." in Path(path).parts or Path(path).is_absolute():
            raise LayoutError(f"{where}: not in the folder, so not in the archive; log it again")
        if not (folder / path).exists():
            raise LayoutError(f"{where}: no such file in the folder; log the model again")


def _named(flavor: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The files that the flavor names, by their keys."""
    for key in _PATHS:
        if isinstance(path := flavor.get(key), str):
            # MLflow records where the code was, and loads the file of that name in the folder
            # (mlflow/pyfunc/model.py, _load_context_model_and_signature).
            is_code = key == "model_code_path" and "\\" not in path
            yield key, path.rpartition("/")[2] if is_code else path
    artifacts = flavor.get("artifacts")
    for name, artifact in artifacts.items() if isinstance(artifacts, dict) else ():
        path = artifact.get("path") if isinstance(artifact, dict) else None
        if isinstance(path, str):
            yield f"artifacts.{name}.path", path


def _check_encoder(folder: Path) -> None:
    if (file := folder / "modules.json").exists():
        _check_modules(file)
        return
    if not (folder / "tokenizer.json").exists():
        raise LayoutError(f"{folder}: no tokenizer.json (an older tokenizer); {CONVERT}")
    if (folder / "model.safetensors").exists():
        _check_architecture(folder / "config.json")
        return
    found = "no model.safetensors"
    if any(folder.glob("pytorch_model*.bin")):
        found = "its weights are a pickle (pytorch_model.bin), which is not loaded"
    elif (folder / "model.safetensors.index.json").exists():
        found = "its weights are in several files, and one model.safetensors is loaded"
    raise LayoutError(f"{folder}: {found}; {CONVERT}")


def _check_architecture(file: Path) -> None:
    content = _json(file)
    named = content.get("architectures") if isinstance(content, dict) else None
    if not isinstance(named, list) or not named:
        raise LayoutError(f"{file}: has no architectures, which transformers writes; save it again")
    if not any(str(name).endswith(_SERVED) for name in named):
        raise LayoutError(
            f"{file}: {' and '.join(map(str, named))}, but only …{', …'.join(_SERVED)} and what "
            f"sentence-transformers saved are served; {_OWN_CODE}"
        )


def _check_modules(file: Path) -> None:
    """sentence-transformers' modules, which have folders of their own."""
    try:
        listed = [(str(one["type"]).rsplit(".", 1)[-1], str(one["path"])) for one in _json(file)]
    except (TypeError, KeyError):
        listed = []
    if not listed or listed[0][0] != "Transformer":
        raise LayoutError(f"{file}: its first module is no Transformer; {_OWN_CODE}")
    for kind, path in listed:
        if kind not in _MODULES:
            raise LayoutError(f"{file}: the module {kind} is not served; {_OWN_CODE}")
        if kind != "Normalize" and not (file.parent / path).is_dir():
            raise LayoutError(f"{file}: path = {path}: no such folder; save the model again")


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise LayoutError(f"{file}: cannot be read as JSON; save the model again") from None
