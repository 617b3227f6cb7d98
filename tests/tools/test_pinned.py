"""The base image by its digest: asked of its registry, kept in a file, built on."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from stacks import build_arguments
from stacks.compatibility import ModelRecord
from tools.image import base, pinned
from tools.image.engine import ImageError

OLD, NEW = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"


class Registry(BaseHTTPRequestHandler):
    """A registry that gives a token to all, and knows one digest."""

    digest = NEW

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"token": "t0ken"}).encode())

    def do_HEAD(self) -> None:
        known = self.path == "/v2/docker/library/python/manifests/3.11.7-slim-bookworm"
        allowed = self.headers["Authorization"] == "Bearer t0ken"
        self.send_response(200 if known and allowed else 404)
        self.send_header("Docker-Content-Digest", self.digest)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Registry) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    kept = tmp_path / "bases" / "Dockerfile"
    for module in (build_arguments, pinned):
        monkeypatch.setattr(module, "BASES", kept)
    return kept


def arguments(version: str) -> dict[str, str]:
    return build_arguments.build_arguments(ModelRecord(version, "torch==2.13.0\n"), "none")


def test_the_digest_of_a_base_is_asked_for_once_and_built_on(registry: str, file: Path) -> None:
    assert "BASE_IMAGE" not in arguments("3.11.7")
    other = f"FROM public.ecr.aws/docker/library/python:3.12.1-slim-bookworm@{OLD}"
    earlier = f"FROM public.ecr.aws/docker/library/python:3.11.5-slim-bookworm@{OLD}"
    file.parent.mkdir()
    file.write_text(f"{other}\n{earlier}\n")
    line = pinned.pin("3.11.7", registry=registry)
    assert line == f"FROM public.ecr.aws/docker/library/python:3.11.7-slim-bookworm@{NEW}"
    assert file.read_text().splitlines() == [line, other]
    # Of a minor version any patch serves.
    for version in ("3.11.7", "3.11.12"):
        assert arguments(version)["BASE_IMAGE"] == line.removeprefix("FROM ")
        assert base.official(version) == line.removeprefix("FROM ")
    assert "BASE_IMAGE" not in arguments("3.1.1")


def test_what_the_registry_does_not_know_is_one_line(registry: str, file: Path) -> None:
    with pytest.raises(ImageError, match=r"3\.13\.1-slim-bookworm: http://.* HTTP Error 404"):
        pinned.pin("3.13.1", registry=registry)
    assert not file.exists()


def test_what_is_no_digest_is_refused(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "digest", "sha256:short")
    with pytest.raises(ImageError, match="Docker-Content-Digest is 'sha256:short'"):
        pinned.pin("3.11.7", registry=registry)
