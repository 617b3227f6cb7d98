"""A command imports what it needs: the CDK, boto3, torch and MLflow take seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HEAVY = {"aws_cdk", "boto3", "jsii", "mlflow", "ministack", "numpy", "torch", "transformers"}
PROGRAM = """
import sys
from berth.program import main
try:
    main(sys.argv[1:])
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def imported(folder: Path, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


def test_the_help_takes_no_folder_of_ours_but_the_programs(tmp_path: Path) -> None:
    loaded = imported(tmp_path, "--help")
    assert not loaded & (HEAVY | {"pydantic", "rich", "stacks", "aws", "promotion", "localaws"})


@pytest.mark.parametrize(
    "arguments", ["check", "check --json", "local status --help", "pack build/model out.tar.gz"]
)
def test_what_needs_no_aws_and_no_cdk_does_not_import_them(
    model_folder: Path, arguments: str
) -> None:
    assert not imported(model_folder, *arguments.split()) & HEAVY
