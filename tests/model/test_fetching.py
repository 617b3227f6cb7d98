"""`berth model fetch`: models from MLflow's registry and S3, pinned by their digest."""

import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import mlflow
import pytest
from mlflow import pyfunc

from model.fetching import FetchError, fetch
from model.packing import pack
from stacks.model_lock import ModelLockError, check_fetched, check_pinned, folder_of, read_lock
from tests.container.folders import SOURCES

pytestmark = pytest.mark.slow

CHAMPION = "models:/ner@champion"
ARCHIVE = "s3://bucket/some/model.tar.gz"


class Registry:
    """A registry of a model `ner` in versions."""

    def __init__(self) -> None:
        self._client = mlflow.MlflowClient()
        self._client.create_registered_model("ner")

    def add(self, source: str) -> str:
        """Log a model of one of `sources/` as the next version and champion; its run."""
        with mlflow.start_run() as run:
            logged = pyfunc.log_model(
                name="model",
                python_model=str(SOURCES / source),
                pip_requirements=["mlflow-skinny"],
                registered_model_name="ner",
            )
        version = logged.registered_model_version
        self._client.set_registered_model_alias("ner", "champion", str(version))
        return str(run.info.run_id)


def _use(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """MLflow's registry in files, as its client without a server has it."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    _use(monkeypatch, (tmp_path / "mlruns").as_uri())
    yield Registry()
    mlflow.set_tracking_uri("")
    mlflow.set_registry_uri("")


def served(path: str, beside: Path) -> str:
    return (folder_of(path, beside) / "MLmodel").read_text()


def test_an_alias_is_pinned_to_its_version_until_it_is_updated(
    registry: Registry, tmp_path: Path
) -> None:
    registry.add("spans.py")
    with pytest.raises(ModelLockError, match="is not fetched; `berth model fetch` brings"):
        check_fetched(CHAMPION, tmp_path)
    (line,) = fetch([CHAMPION, "build/model"], tmp_path)
    assert line.startswith(f"{CHAMPION}: models:/ner/1, ")
    check_fetched(CHAMPION, tmp_path)
    first = served(CHAMPION, tmp_path)
    registry.add("table.py")
    shutil.rmtree(folder_of(CHAMPION, tmp_path))
    list(fetch([CHAMPION], tmp_path))
    assert served(CHAMPION, tmp_path) == first
    list(fetch([CHAMPION], tmp_path, update=True))
    assert served(CHAMPION, tmp_path) != first
    assert read_lock(tmp_path)[CHAMPION].source == "models:/ner/2"


def test_another_model_than_the_pinned_one_is_refused(registry: Registry, tmp_path: Path) -> None:
    registry.add("spans.py")
    list(fetch([CHAMPION], tmp_path))
    pinned = read_lock(tmp_path)[CHAMPION].sha256
    (folder_of(CHAMPION, tmp_path) / "more").touch()
    changed = pack(folder_of(CHAMPION, tmp_path), tmp_path / "model.tar.gz").manifest_sha256
    check_pinned(CHAMPION, tmp_path, pinned)
    with pytest.raises(ModelLockError, match=r"is another than models\.lock pins"):
        check_pinned(CHAMPION, tmp_path, changed)
    (lock := tmp_path / "models.lock").write_text(lock.read_text().replace(pinned, "0" * 64))
    with pytest.raises(FetchError, match="is another model than the pinned one"):
        list(fetch([CHAMPION], tmp_path))


@pytest.mark.parametrize("path", ["models:/nothing@champion", "models:/ner/7", "runs:/0/model"])
def test_what_is_not_there_is_told_in_one_line(
    registry: Registry, tmp_path: Path, path: str
) -> None:
    registry.add("spans.py")
    with pytest.raises(FetchError, match="cannot be fetched") as caught:
        list(fetch([path], tmp_path))
    assert "\n" not in str(caught.value)


def test_an_archive_in_s3_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "source"
    (model / "code").mkdir(parents=True)
    (model / "code" / "inference.py").write_text("def model_fn(model_dir): return len\n")
    packed = pack(model, tmp_path / "model.tar.gz")

    class S3:
        def download_file(self, bucket: str, key: str, file: str) -> None:
            assert (bucket, key) == ("bucket", "some/model.tar.gz")
            shutil.copyfile(packed.path, file)

    monkeypatch.setattr(boto3, "client", lambda _: S3())
    list(fetch([ARCHIVE], tmp_path))
    assert read_lock(tmp_path)[ARCHIVE].sha256 == packed.manifest_sha256


@pytest.mark.parametrize("name", ["../out", "/out", "link"])
def test_what_leads_out_of_an_archive_in_s3_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = (tarfile.SYMTYPE, "/") if name == "link" else (tarfile.REGTYPE, "")

    class S3:
        def download_file(self, _bucket: str, _key: str, file: str) -> None:
            with tarfile.open(file, "w:gz") as tar:
                tar.addfile(entry)

    monkeypatch.setattr(boto3, "client", lambda _: S3())
    with pytest.raises(FetchError, match=f"{name} is a link or a device, or leads out"):
        list(fetch([ARCHIVE], tmp_path))


SERVER = os.environ.get("MLFLOW_SERVER") or shutil.which("mlflow")
CAN_SERVE = (
    SERVER
    and not subprocess.run(
        [Path(SERVER).parent / "python", "-c", "import flask, sqlalchemy"],
        capture_output=True,
        check=False,
    ).returncode
)


@pytest.mark.long
@pytest.mark.skipif(not CAN_SERVE, reason="needs the program of the whole mlflow: MLFLOW_SERVER")
def test_a_tracking_server_with_a_registry_gives_its_champion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--backend-store-uri", f"sqlite:///{tmp_path}/db", "--host", "127.0.0.1"]
    options += ["--artifacts-destination", str(tmp_path / "artifacts"), "--workers", "1"]
    server = subprocess.Popen([str(SERVER), "server", "--port", str(port), *options])
    try:
        uri = f"http://127.0.0.1:{port}"
        while server.poll() is None and not _answers(f"{uri}/health"):
            time.sleep(0.2)
        _use(monkeypatch, uri)
        run = Registry().add("spans.py")
        paths = [CHAMPION, f"runs:/{run}/model", "models:/ner/latest"]
        lines = list(fetch(paths, tmp_path))
        assert lines[0].startswith(f"{CHAMPION}: models:/ner/1, ")
        assert read_lock(tmp_path)["models:/ner/latest"].source == "models:/ner/1"
        assert served(CHAMPION, tmp_path) == served(paths[1], tmp_path)
    finally:
        server.terminate()
        server.wait()


def _answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url).status == 200)  # noqa: S310 - loopback
    except OSError:
        return False


def test_fetching_does_not_import_mlflow_before_it_is_needed() -> None:
    code = "import sys, model.fetching; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
