import subprocess
import sys
from pathlib import Path

import pytest

from berth_serving.config import Settings
from berth_serving.errors import LoadError
from berth_serving.models import load
from tests.container.models.conftest import Load
from tests.container.models.requests import ask, value

pytestmark = pytest.mark.slow

HANDLERS = "def model_fn(model_dir):\n    return len\n"


def test_a_folder_that_is_none_or_holds_no_model_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="nowhere: no such folder"):
        load(Settings(model_dir=tmp_path / "nowhere"))
    with pytest.raises(
        LoadError, match=r"no model; it must hold code/inference\.py, MLmodel, the config\.json"
    ):
        load(Settings(model_dir=tmp_path))


def test_handlers_come_before_what_lies_beside_them(load_files: Load) -> None:
    model = load_files({"code/inference.py": HANDLERS, "config.json": "{}"})
    assert value(ask(model, {"text": "four"})) == 4


def test_versions_of_the_code_are_looked_at_before_it_runs(load_files: Load) -> None:
    files = {"code/inference.py": "1 / 0", "code/requirements.txt": "numpy==1.0.0\n"}
    with pytest.raises(LoadError, match=r"numpy 1\.0\.0 made the model"):
        load_files(files)
    with pytest.raises(ZeroDivisionError):
        load_files(files, skip_version_check=True)


def test_files_are_looked_at_before_the_code_runs(load_files: Load) -> None:
    with pytest.raises(LoadError, match="SHA256SUMS: No such file"):
        load_files({"code/inference.py": "1 / 0"}, manifest_sha256="0" * 64)


LOADING = """
import sys
from pathlib import Path
from berth_serving.config import Settings
from berth_serving.models import load
from berth_serving.servable import Request
model = load(Settings(model_dir=Path(sys.argv[1])))
job = model.open(Request(b'{"text": "four"}'))
assert model.finish(job, model.forward(job.items)).body == b"4"
print(*sorted({"mlflow", "pandas", "torch", "transformers", "pyarrow", "numpy"} & set(sys.modules)))
"""


def test_what_a_kind_does_not_need_is_not_imported(tmp_path: Path, root: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "inference.py").write_text(HANDLERS)
    loading = subprocess.run(
        [sys.executable, "-c", LOADING, str(tmp_path)],
        env={"PYTHONPATH": str(root / "container")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (loading.returncode, loading.stdout, loading.stderr) == (0, "\n", "")
