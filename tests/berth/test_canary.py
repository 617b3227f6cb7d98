"""A canary password in every text field of stages.toml and of a model's folder is in no output."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from aws.recorded import zipped
from berth.program import main
from stacks.settings.file import Settings
from stacks.settings.mistakes import keys, table_in
from tests.berth_cli import ROOT

CANARY = "hunter2-8f14e45f"
ADDRESS = f"https://user:{CANARY}@index.example.com/simple"


def fields(table: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field that is no table, of all tables of stages.toml."""
    for name, field in keys(table).items():
        inner = table_in(field.annotation)
        named = "dict[" in str(field.annotation)
        here = (*path, name, "dev") if named else (*path, name)
        if inner is None:
            yield here
        else:
            yield from fields(inner, here)


def every_field() -> list[str]:
    found = (
        ".".join(path).removeprefix("stages.") for path in fields(Settings) if path != ("file",)
    )
    return sorted(found)


def output_of(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    captured = capfd.readouterr()
    return int(ended.value.code or 0), captured.out + captured.err


@pytest.mark.parametrize("field", every_field())
def test_a_field_of_stages_toml(
    field: str, model_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (model_folder / "stages.toml").write_text(f"{field} = {json.dumps(ADDRESS)}\n")
    status, said = output_of(capfd, "--stages", str(model_folder / "stages.toml"), "check")
    assert status == 2
    assert said.startswith("stages.toml: line 1 has an address with a password or a token")
    assert CANARY not in said
    assert said.count("\n") == 1


def test_a_comment_of_stages_toml(model_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (model_folder / "stages.toml").open("a") as file:
        file.write(f"# pip install --index-url {ADDRESS} ours\n")
    status, said = output_of(capfd, "--stages", str(model_folder / "stages.toml"), "check")
    assert (status, CANARY in said) == (2, False)


@pytest.mark.parametrize("key", ["password", "dev.registry_token", "dev.endpoint.api_key"])
def test_a_key_that_there_is_not(
    key: str, model_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table, _, name = key.rpartition(".")
    text = (model_folder / "stages.toml").read_text()
    head = f"[{table}]\n" if table else ""
    line = f'{head}{name} = "{CANARY}"\n'
    text = text.replace(head, line) if table else line + text
    (model_folder / "stages.toml").write_text(text)
    status, said = output_of(capfd, "--stages", str(model_folder / "stages.toml"), "check")
    assert (status, CANARY in said) == (2, False)
    assert f"{key}: n" in said  # no such key, or neither a key nor a stage


RECORDS = {
    "requirements.txt": (
        "torch==2.13.0\n--extra-index-url {}\n",
        "--index-url={}\ntorch==2.13.0\n",
        "torch @ {}/torch.whl\n",
        "# made with --find-links {}\ntorch==2.13.0\n",
    ),
    "conda.yaml": (
        "channels: ['{}']\n",
        "dependencies:\n- pip:\n  - --extra-index-url {}\n",
        "name: '{}\nbroken: [\n",
    ),
    "python_env.yaml": ("python: '{}'\n", "python: 3.11.7\ndependencies: ['-i {}']\n"),
    "MLmodel": (
        "flavors: {{python_function: {{loader_module: '{}'}}}}\n",
        "flavors: {{python_function: {{}}}}\nmetadata: {{from: '{}'}}\n",
        "flavors: ['{}'\n",
    ),
}


@pytest.mark.parametrize(
    ("file", "text"), [(file, text) for file, texts in RECORDS.items() for text in texts]
)
@pytest.mark.parametrize("command", [["check"], ["pack"]], ids=lambda command: command[0])
def test_a_record_of_the_model(
    file: str,
    text: str,
    command: list[str],
    model_folder: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    model, archive = model_folder / "build" / "model", model_folder / "model.tar.gz"
    (model / file).write_text(text.format(ADDRESS))
    given = command if command == ["check"] else ["pack", str(model), str(archive)]
    status, said = output_of(capfd, "--stages", str(model_folder / "stages.toml"), *given)
    assert status == 2
    assert f"{file}: line" in said
    assert "PIP_EXTRA_INDEX_URL" in said
    assert CANARY not in said
    assert not archive.exists()


def synthesized(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=folder,
        env={**os.environ, "CDK_OUTDIR": str(folder / "cdk.out")},
        capture_output=True,
        text=True,
        check=False,
    )


def bare(folder: Path) -> None:
    """The canary by itself, wherever a model's folder has text and stays a model."""
    model = folder / "build" / "model"
    pip = f"dependencies: [pip, {{pip: [{CANARY}]}}]"
    files: dict[str, str] = {
        "requirements.txt": f"# {CANARY}\ntorch==2.13.0  # {CANARY}\n",
        "conda.yaml": f"name: {CANARY}\nchannels: [{CANARY}]\n{pip}\n",
        "python_env.yaml": f"python: 3.11.7\ndependencies: [{CANARY}]\n",
        "golden.jsonl": json.dumps({"input": {"text": [CANARY]}, "entities": []}) + "\n",
        "input_example.json": json.dumps([CANARY]),
        "code.py": f"PASSWORD = '{CANARY}'\n",
    }
    record: dict[str, Any] = {
        "flavors": {
            "python_function": {"loader_module": CANARY, "env": CANARY, "python_version": "3.11.7"},
            CANARY: {"code": CANARY, f"{CANARY}_version": CANARY},
        },
        "metadata": {"password": CANARY},
        "signature": {"inputs": CANARY, "outputs": CANARY, "params": CANARY},
        "run_id": CANARY,
    }
    for name, text in {**files, "MLmodel": json.dumps(record)}.items():
        (model / name).write_text(text)


@pytest.mark.slow
def test_what_is_no_address_goes_into_the_models_archive_alone(model_folder: Path) -> None:
    bare(model_folder)
    ended = synthesized(model_folder)
    assert ended.returncode == 0, ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    folder = model_folder / "cdk.out"
    written = [file for file in folder.rglob("*") if file.is_file()]
    holding = [file for file in written if CANARY.encode() in file.read_bytes()]
    assert [str(file) for file in holding] == []
    with zipfile.ZipFile(io.BytesIO(zipped(folder, "berth", "hnb659fds"))) as recorded:
        assert recorded.namelist()
        assert not [name for name in recorded.namelist() if CANARY.encode() in recorded.read(name)]


@pytest.mark.slow
def test_a_synth_that_is_refused_writes_nothing(model_folder: Path) -> None:
    file = model_folder / "build" / "model" / "requirements.txt"
    file.write_text(f"torch==2.13.0\n--extra-index-url {ADDRESS}\n")
    ended = synthesized(model_folder)
    assert ended.returncode == 2
    assert CANARY not in ended.stdout + ended.stderr
    assert not list((model_folder / "build").glob("*.tar.gz"))
    assert not list((model_folder / "cdk.out").rglob("*.json"))
