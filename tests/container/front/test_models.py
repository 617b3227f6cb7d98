"""The multi-model API: loaded, called, listed, unloaded."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.container.front.conftest import handlers_model
from tests.container.process import Response, Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("multi") / "log"
    settings = {"SAGEMAKER_MULTI_MODEL": "true", "BERTH_MODELS_DIR": str(root)}
    for name in ("one", "two"):
        handlers_model(root / name)
    with Server(root / "none", log, **settings) as running:
        running.wait_until_ready()
        yield running


def load(server: Server, name: str, url: object) -> Response:
    body = json.dumps({"model_name": name, "url": url}).encode()
    return server.request("POST", "/models", body)


def ask(server: Server, name: str, text: str = "a") -> Response:
    body = json.dumps({"text": text}).encode()
    return server.request("POST", f"/models/{name}/invoke", body)


def test_a_models_life(server: Server, root: Path) -> None:
    assert ask(server, "first").status == 404
    assert load(server, "first", str(root / "one")).status == 200
    assert load(server, "second", str(root / "two")).status == 200
    assert ask(server, "first").json == {"text": "a", "model": "one"}
    assert ask(server, "second").json == {"text": "a", "model": "two"}
    assert load(server, "first", str(root / "one")).status == 409
    one = {"modelName": "first", "modelUrl": str(root / "one")}
    assert server.request("GET", "/models/first").json == one
    page = server.request("GET", "/models?limit=1").json
    assert page["models"] == [one]
    rest = server.request("GET", f"/models?limit=1&next_page_token={page['nextPageToken']}").json
    assert [model["modelName"] for model in rest["models"]] == ["second"]
    assert "nextPageToken" not in rest

    before = workers(server)
    assert server.request("DELETE", "/models/first").status == 200
    assert len(workers(server)) == len(before) - 1  # by the time of the answer, not after it
    assert ask(server, "first").status == 404
    assert server.request("DELETE", "/models/first").status == 404
    assert server.request("DELETE", "/models/second").status == 200


def workers(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children()


@pytest.mark.parametrize("url", ["/etc", "one/../..", "{root}/../..", "{root}/none", ""])
def test_a_url_that_leaves_the_models_folder_is_refused(
    server: Server, root: Path, url: str
) -> None:
    answer = load(server, "bad", url.replace("{root}", str(root)))
    assert answer.status == 400
    assert server.request("GET", "/models").json == {"models": []}


def test_a_link_out_of_the_models_folder_is_refused(server: Server, root: Path) -> None:
    (root / "link").symlink_to("/etc")
    assert load(server, "bad", str(root / "link")).status == 400


def test_a_model_that_cannot_be_loaded_is_not_kept(server: Server, root: Path) -> None:
    (root / "empty").mkdir()
    answer = load(server, "empty", str(root / "empty"))
    assert (answer.status, answer.json["error"]["code"]) == (500, "load_failed")
    assert server.request("GET", "/models").json == {"models": []}
    assert server.ping() == 200


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model_name": 1}', b"[" * 50_000])
def test_a_malformed_request_to_load_is_400(server: Server, body: bytes) -> None:
    assert server.request("POST", "/models", body).status == 400
