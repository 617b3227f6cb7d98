"""What a model was made with, against what the image has."""

from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.specifiers import Specifier
from packaging.version import Version

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding
from stacks.compatibility.versions import package_name

# How many leading parts of a version have to agree, as the server has it when it loads a model
# (container/berth_serving/models/versions.py).
_MUST_AGREE = {
    **{"python": 2, "mlflow": 1, "torch": 1, "transformers": 1, "tokenizers": 2, "numpy": 1},
    **{"scikit-learn": 2},
}


def records_files_agree(stage: CheckedStage) -> Iterator[Finding]:
    """MLmodel, conda.yaml, python_env.yaml and requirements.txt name the same versions.

    The image is built from the last two, so these count; others are refused where the server
    would refuse to load the model, and are a warning where it would warn. Source: MLflow's "Model
    dependencies" page (all four are written from one list);
    container/berth_serving/models/versions.py.
    """
    for model in stage.models_in_use:
        built = {**model.versions["requirements.txt"], **model.versions["python_env.yaml"]}
        for file in ("MLmodel", "conda.yaml"):
            for package, version in model.versions[file].items():
                if package not in built or Version(version) == Version(built[package]):
                    continue
                source = "python_env.yaml" if package == "python" else "requirements.txt"
                fatal = not _agree(package, version, built[package], pickled=model.pickled)
                yield (stage.refuse_file if fatal else stage.warn_file)(
                    f"{model.name}/{file}",
                    f"{package} {version}, but {source}, which the image is built from, has "
                    f"{built[package]}; make them agree, or log the model again",
                )


def encoders_on_cpu_have_their_engine(stage: CheckedStage) -> Iterator[Finding]:
    """An encoder of Python 3.10 is computed by torch on CPU, which is slower than ONNX Runtime.

    Source: container/requirements-engine.txt, whose onnxruntime has no wheel for Python 3.10.
    """
    for model in stage.models_in_use:
        of_old_python = model.record.python_version.startswith("3.10")
        if stage.cuda == "none" and model.record.is_encoder and of_old_python:
            yield stage.warn_file(
                f"{model.name}/",
                "its Python 3.10 has no wheel of the image's onnxruntime, and torch computes it on "
                "CPU; logged under 3.11 or newer, it is computed by ONNX Runtime",
            )


def _agree(package: str, version: str, other: str, *, pickled: bool) -> bool:
    parts = {**_MUST_AGREE, "cloudpickle": 2 if pickled else 0}.get(package, 0)
    return Version(version).release[:parts] == Version(other).release[:parts]


def recorded_versions_are_pinned(stage: CheckedStage) -> Iterator[Finding]:
    """What MLmodel says that the model was made with is pinned in requirements.txt.

    Source: MLflow's "Model dependencies" page; where nothing pins it, the image gets the newest.
    The server refuses a pickle by another minor version of cloudpickle.
    """
    for model in stage.models_in_use:
        for package, version in model.versions["MLmodel"].items():
            idle = package == "python" or (package == "cloudpickle" and not model.pickled)
            if not idle and package not in model.versions["requirements.txt"]:
                fatal = package == "cloudpickle"
                yield (stage.refuse_file if fatal else stage.warn_file)(
                    f"{model.name}/requirements.txt",
                    f"does not pin {package}, which made the model in version {version}; "
                    f"add {package}=={version}",
                )


def requirements_have_mlflow(stage: CheckedStage) -> Iterator[Finding]:
    """A model that MLflow logged is loaded by MLflow, so that is among its requirements.

    Source: container/berth_serving/models/pyfunc.py.
    """
    for model in stage.models_in_use:
        version = model.versions["MLmodel"].get("mlflow")
        asked = {package_name(requirement) for requirement in model.requirements}
        if version and not asked & {"mlflow", "mlflow-skinny"}:
            yield stage.refuse_file(
                f"{model.name}/requirements.txt",
                f"has no mlflow, which loads the model in the image; add mlflow=={version}",
            )


def requirements_agree_with_the_server(stage: CheckedStage) -> Iterator[Finding]:
    """The model's requirements leave room for what the server imports beside the model.

    An address in place of a version would have pip install that over the server's own. Source:
    container/requirements.in.
    """
    for model in stage.models_in_use:
        for requirement in model.requirements:
            server = stage.server_requirements.get(package_name(requirement))
            if server and requirement.url:
                yield stage.refuse_file(
                    f"{model.name}/requirements.txt",
                    f"{requirement.name} from an address: the server in the same environment has"
                    f" its own, {server} (container/requirements.in); leave it out",
                )
            elif server and any(_excludes(one, server) for one in requirement.specifier):
                yield stage.refuse_file(
                    f"{model.name}/requirements.txt",
                    f"{requirement}: the server in the same environment needs {server} "
                    "(container/requirements.in); allow that, or leave it out",
                )


def _excludes(asked: Specifier, server: Requirement) -> bool:
    """Whether nothing that is asked for is what the server needs, which is a least version."""
    (least,) = [Version(one.version) for one in server.specifier]
    if asked.operator in {"==", "==="} and "*" not in asked.version:
        return Version(asked.version) < least
    if asked.operator == "<":
        return Version(asked.version) <= least
    return asked.operator == "<=" and Version(asked.version) < least
