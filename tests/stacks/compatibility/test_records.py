"""What a model was made with, against what the image has."""

from dataclasses import replace

import pytest

from stacks.compatibility import ModelFolder, records
from stacks.compatibility.model_folder import ModelRecord
from tests.stacks.compatibility.asking import MODEL, found, stage_that_asks

BUILT = {"torch": "2.13.0", "numpy": "2.4.6", "cloudpickle": "3.1.2", "pandas": "3.1.1"}


def recorded(file: str, versions: dict[str, str], *, pickled: bool = False) -> ModelFolder:
    files = {**MODEL.versions, "requirements.txt": BUILT, file: versions}
    return replace(MODEL, versions=files, pickled=pickled)


@pytest.mark.parametrize(
    ("file", "versions", "pickled", "severity"),
    [
        ("conda.yaml", {"python": "3.11.7", "torch": "2.13.0"}, False, None),
        ("conda.yaml", {"python": "3.12.1"}, False, "refusal"),
        ("conda.yaml", {"python": "3.11.9"}, False, "warning"),
        ("conda.yaml", {"torch": "1.13.1"}, False, "refusal"),
        ("conda.yaml", {"torch": "2.12.0"}, False, "warning"),
        ("conda.yaml", {"numpy": "1.26.4"}, False, "refusal"),
        ("conda.yaml", {"pandas": "2.0.0"}, False, "warning"),
        ("conda.yaml", {"scipy": "1.16.0"}, False, None),
        ("MLmodel", {"python": "3.10.4"}, False, "refusal"),
        ("MLmodel", {"cloudpickle": "2.2.1"}, True, "refusal"),
        ("MLmodel", {"cloudpickle": "2.2.1"}, False, "warning"),
        ("MLmodel", {"cloudpickle": "3.1.1"}, True, "warning"),
    ],
)
def test_the_files_of_a_record_agree(
    file: str, versions: dict[str, str], pickled: bool, severity: str | None
) -> None:
    model = recorded(file, versions, pickled=pickled)
    findings = found(records.records_files_agree, stage_that_asks("", models={"model": model}))
    assert [one.severity for one in findings] == ([severity] if severity else [])


def test_a_difference_names_both_files_and_both_versions() -> None:
    stage = stage_that_asks("", models={"model": recorded("conda.yaml", {"numpy": "1.26.4"})})
    assert [str(one) for one in found(records.records_files_agree, stage)] == [
        "model/conda.yaml: numpy 1.26.4, but requirements.txt, which the image is built from, has "
        "2.4.6; make them agree, or log the model again"
    ]


@pytest.mark.parametrize(
    ("versions", "pickled", "warns"),
    [
        ({"mlflow": "3.17.2"}, False, True),
        ({"torch": "2.13.0"}, False, False),
        ({"transformers": "5.23.0"}, False, True),
        ({"python": "3.11.7"}, False, False),
    ],
)
def test_what_made_the_model_is_pinned(
    versions: dict[str, str], pickled: bool, warns: bool
) -> None:
    model = recorded("MLmodel", versions, pickled=pickled)
    stage = stage_that_asks("", models={"model": model})
    lines = [str(one) for one in found(records.recorded_versions_are_pinned, stage)]
    assert len(lines) == warns
    assert all("does not pin" in line and "; add " in line for line in lines)


@pytest.mark.parametrize("pickled", [True, False])
def test_cloudpickle_is_pinned_where_the_model_is_a_pickle(pickled: bool) -> None:
    model = recorded("MLmodel", {"cloudpickle": "3.1.2"}, pickled=pickled)
    model = replace(model, versions={**model.versions, "requirements.txt": {}})
    stage = stage_that_asks("", models={"model": model})
    assert len(found(records.recorded_versions_are_pinned, stage)) == pickled


@pytest.mark.parametrize(
    ("requirements", "refused"),
    [
        ("orjson==3.13.0\n", False),
        ("orjson>=3.10\n", False),
        ("OrJSON<4 # as the server\n", False),
        ("orjson==3.10.0\n", False),
        ("orjson==3.*\n", False),
        ("orjson<3.13\n", False),
        ("orjson<=3.9\n", False),
        ("orjson==3.8.14\n", True),
        ("orjson<3.9\n", True),
        ("orjson<=3.8.14\n", True),
        ("orjson==3.8.14; sys_platform == 'win32'\n", False),
        ("--index-url https://packages.company.example/simple\n", False),
        ("torch==2.13.0\n", False),
    ],
)
def test_requirements_allow_what_the_server_needs(requirements: str, refused: bool) -> None:
    model = replace(MODEL, record=ModelRecord("3.11.7", requirements))
    stage = stage_that_asks("", models={"model": model})
    lines = [str(one) for one in found(records.requirements_agree_with_the_server, stage)]
    assert len(lines) == refused
    assert all("the server in the same environment needs orjson>=3.9" in line for line in lines)


def test_a_servers_package_comes_from_no_address_of_the_models() -> None:
    text = "orjson @ https://packages.company.example/orjson-3.13.0.whl\n"
    stage = stage_that_asks(
        "", models={"model": replace(MODEL, record=ModelRecord("3.11.7", text))}
    )
    (finding,) = found(records.requirements_agree_with_the_server, stage)
    assert str(finding).startswith("model/requirements.txt: orjson from an address: the server")


def test_a_shadows_record_counts_as_well() -> None:
    candidate = replace(recorded("conda.yaml", {"numpy": "1.26.4"}), name="candidate")
    stage = stage_that_asks('shadow.model = "candidate"', models={"candidate": candidate})
    (finding,) = found(records.records_files_agree, stage)
    assert str(finding).startswith("candidate/conda.yaml: ")


@pytest.mark.parametrize(
    ("requirements", "refused"),
    [
        ("torch==2.13.0\n", True),
        ("mlflow==3.17.2; sys_platform == 'win32'\n", True),
        ("mlflow==3.17.2\n", False),
        ("mlflow-skinny>=3\n", False),
        ("MLflow[extras]\n", False),
    ],
)
def test_what_mlflow_logged_asks_for_mlflow(requirements: str, refused: bool) -> None:
    model = replace(
        recorded("MLmodel", {"mlflow": "3.17.2"}), record=ModelRecord("3.11.7", requirements)
    )
    stage = stage_that_asks("", models={"model": model})
    lines = [str(one) for one in found(records.requirements_have_mlflow, stage)]
    assert (
        lines
        == [
            "model/requirements.txt: has no mlflow, which loads the model in the image; "
            "add mlflow==3.17.2"
        ]
        * refused
    )


def test_a_pickle_without_its_cloudpickle_is_refused() -> None:
    model = recorded("MLmodel", {"cloudpickle": "3.1.2"}, pickled=True)
    model = replace(model, versions={**model.versions, "requirements.txt": {}})
    stage = stage_that_asks("", models={"model": model})
    (finding,) = found(records.recorded_versions_are_pinned, stage)
    assert finding.severity == "refusal"


@pytest.mark.parametrize(
    ("python", "cuda", "warns"),
    [("3.10.13", "none", True), ("3.11.7", "none", False), ("3.10.13", "13.0", False)],
)
def test_an_encoder_that_torch_computes_on_cpu_is_told(python: str, cuda: str, warns: bool) -> None:
    model = replace(MODEL, record=replace(MODEL.record, python_version=python, is_encoder=True))
    stage = stage_that_asks("", cuda=cuda, models={"model": model})
    findings = found(records.encoders_on_cpu_have_their_engine, stage)
    assert [one.severity for one in findings] == ["warning"] * warns
