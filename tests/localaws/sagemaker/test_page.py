"""A web page that is open while localaws runs: it gets nothing, changes nothing, runs nothing."""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator

import pytest

from localaws import lifecycle
from stacks.settings import Settings
from tests.browser import Page, pages
from tests.localaws.conftest import TestEmulator
from tests.localaws.sagemaker.conftest import (
    ACCOUNT,
    IMAGE,
    REGION,
    ROLE,
    STUB,
    Account,
    programs_of,
)

pytestmark = pytest.mark.slow

WAYS = tuple(pages(0))
MINE = "page-model"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[Account]:
    """An account of an emulator that has an image and nothing else."""
    home = tmp_path_factory.mktemp("page")
    shutil.copytree(STUB, home / "images" / "stub")
    with lifecycle.running(home, settings) as running:
        yield Account(TestEmulator(running))


def claim(service: str) -> str:
    """An Authorization header of somebody who knows the account's number and no secret."""
    return (
        f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/{service}/aws4_request, "
        f"SignedHeaders=host, Signature={'0' * 64}"
    )


def presigned(service: str) -> str:
    """The same in a URL: with it a page needs no header that a browser would ask about first."""
    return (
        "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-Expires=604800"
        f"&X-Amz-Credential={ACCOUNT}%2F20260101%2F{REGION}%2F{service}%2Faws4_request"
        f"&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
    )


def archive() -> bytes:
    """A model of the page's: the stub does what its file says."""
    content = json.dumps({"answer": "the page's code runs"}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("behaviour.json")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def sequence(page: Page) -> list[int]:
    """Store a model, make an endpoint of it, and call it; the statuses of the responses."""
    signed = {"Authorization": claim("s3")}
    place = f"<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint>"
    bucket = f"{place}</CreateBucketConfiguration>".encode()
    statuses = [
        page.send("OPTIONS", "/", Access_Control_Request_Method="POST").status,
        page.send("PUT", f"/{MINE}", bucket, **signed).status,
        page.send("PUT", f"/{MINE}/model.tar.gz", archive(), **signed).status,
    ]
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{MINE}/model.tar.gz"}
    variant = {"VariantName": "all", "ModelName": MINE, "InitialInstanceCount": 1}
    calls: dict[str, dict[str, object]] = {
        "CreateModel": {
            "ModelName": MINE,
            "PrimaryContainer": container,
            "ExecutionRoleArn": ROLE,
        },
        "CreateEndpointConfig": {
            "EndpointConfigName": MINE,
            "ProductionVariants": [variant | {"InstanceType": "ml.m5.large"}],
        },
        "CreateEndpoint": {"EndpointName": MINE, "EndpointConfigName": MINE},
    }
    for operation, members in calls.items():
        target = {
            "X_Amz_Target": f"SageMaker.{operation}",
            "Content_Type": "application/x-amz-json-1.1",
            "Authorization": claim("sagemaker"),
        }
        statuses.append(page.send("POST", "/", json.dumps(members).encode(), **target).status)
    invocations, plain = f"/endpoints/{MINE}/invocations", {"Content_Type": "text/plain"}
    for query in ("", presigned("sagemaker")):
        statuses.append(page.send("POST", invocations + query, b"{}", **plain).status)
    return statuses


@pytest.mark.parametrize("way", WAYS)
def test_a_page_cannot_run_its_model_here(account: Account, way: str) -> None:
    statuses = sequence(pages(account.emulator.port)[way])
    assert set(statuses) <= {400, 403}, statuses
    assert not programs_of(account.emulator.home)
    assert account.client("sagemaker").list_models()["Models"] == []
    assert account.client("s3").list_buckets()["Buckets"] == []


ADMINISTRATION = (
    ("POST", "/_ministack/reset"),
    ("POST", "/_ministack/config"),
    ("GET", "/_ministack/health"),
    ("GET", "/_localstack/health"),
    ("GET", "/health"),
    ("GET", "/_ministack/ses/messages"),
    ("GET", "/_ministack/lambda-code/any"),
    ("GET", "/v2/"),
    ("GET", "/v2/_catalog"),
    ("GET", f"/{MINE}/model.tar.gz"),
    ("GET", "/"),
)


@pytest.mark.parametrize("way", WAYS)
def test_a_page_neither_resets_nor_reads_anything(account: Account, way: str) -> None:
    page = pages(account.emulator.port)[way]
    account.client("sns").create_topic(Name="kept")
    for method, path in ADMINISTRATION:
        answer = page.send(method, path, b"{}" if method == "POST" else b"")
        assert answer.status in (400, 401, 403), f"{method} {path}: {answer}"
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert b"sagemaker" not in answer.body, f"{method} {path}: {answer}"
    topics = account.client("sns").list_topics()["Topics"]
    assert any("kept" in topic["TopicArn"] for topic in topics)
