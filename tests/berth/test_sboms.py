"""`berth record STAGE --sbom`: what the images of a release are made of, stored beside it."""

from typing import Any

import pytest

import promotion.store
import tools.image.engine
import tools.image.sbom
from berth.releases import _sboms
from promotion.release import Image
from tests.promotion.releases import release
from tools.image.engine import Engine, ImageError

KNOWN, BUILT, ELSEWHERE = (f"sha256:{digit * 64}" for digit in "123")


class Store:
    """A store that has the document of one image."""

    kept: dict[str, bytes]

    def __init__(self, _stage: object) -> None:
        Store.kept = {KNOWN: b"{}"}

    def sbom(self, digest: str) -> bytes | None:
        return self.kept.get(digest)

    def keep_sbom(self, digest: str, content: bytes) -> str:
        self.kept[digest] = content
        return "s3://bucket/it"


def image(digest: str) -> Image:
    return Image(
        registry="111111111111", region="eu-central-1", repository="a", tag="b", digest=digest
    )


def told(monkeypatch: pytest.MonkeyPatch, *digests: str) -> list[str]:
    built = f"111111111111.dkr.ecr.eu-central-1.amazonaws.com/a@{BUILT}"
    monkeypatch.setattr(promotion.store, "ReleaseStore", Store)
    monkeypatch.setattr(Engine, "has", lambda _self, named: named == built)
    recorded = release("dev-000001").model_copy(update={"images": tuple(map(image, digests))})
    stage: Any = None
    return list(_sboms(stage, recorded))


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.image.engine, "find", lambda: Engine("docker", is_podman=False))
    monkeypatch.setattr(tools.image.sbom, "sbom", lambda *given: repr(given[1:3]).encode())


def test_an_image_that_is_here_by_its_digest_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, BUILT) == [
        "dev-000001: SBOM of sha256:222222222222: s3://bucket/it",
    ]
    assert BUILT.encode() in Store.kept[BUILT]


def test_one_that_is_elsewhere_is_told_of_and_one_that_is_known_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert told(monkeypatch, KNOWN, ELSEWHERE) == [
        "dev-000001: SBOM of sha256:333333333333: none: docker has not that image",
    ]
    assert set(Store.kept) == {KNOWN}


def test_without_an_engine_the_release_stays_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Engine:
        raise ImageError("no container engine")

    monkeypatch.setattr(tools.image.engine, "find", none)
    assert told(monkeypatch, BUILT) == [
        "dev-000001: SBOM of sha256:222222222222: none: no container engine",
    ]
