"""A repository in an image registry, over the registry's HTTP API.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md, and ECR's responses to it.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from aws.errors import CallError, in_one_line, one_line
from promotion.moving import MoveError

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_MANIFESTS = (
    DOCKER_MANIFEST,
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
_CHUNK = 2**18
# A body that is streamed cannot be sent again from here.
_RETRIES = urllib3.Retry(4, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), status=4)
_TIMEOUT = urllib3.Timeout(connect=10, read=120)


@dataclass(frozen=True)
class Manifest:
    """An image's manifest: its bytes, their digest and their media type."""

    body: bytes
    digest: str
    media_type: str


class Repository:
    """A repository of a registry.

    Every method raises MoveError where the registry cannot be reached, or refuses, with the
    permission that it needs in ECR.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
    """

    def __init__(self, registry: str, name: str, *, authorization: str | None = None) -> None:
        """`registry`: its URL, as `https://ACCOUNT.dkr.ecr.REGION.amazonaws.com`."""
        self.registry, self.name = registry.rstrip("/"), name
        self._headers = {"Authorization": authorization} if authorization else {}
        self._http = _pool(self.registry)

    def __str__(self) -> str:
        return f"{urlsplit(self.registry).netloc}/{self.name}"

    def manifest(self, reference: str) -> Manifest | None:
        """The manifest of a digest or a tag; None where there is none."""
        accept = {"Accept": ", ".join(_MANIFESTS)}
        response = self._ask(
            "GET", f"manifests/{reference}", "ecr:BatchGetImage", (200, 404), accept
        )
        if response.status == 404:
            if "NAME_UNKNOWN" in (said := _said(response)):
                raise MoveError(f"{self}: no such repository; bootstrap the account first ({said})")
            return None
        digest = f"sha256:{hashlib.sha256(response.data).hexdigest()}"
        return Manifest(response.data, digest, response.headers.get("Content-Type", ""))

    def has_blob(self, digest: str) -> bool:
        """Whether a layer or config is there."""
        needed = "ecr:BatchCheckLayerAvailability"
        return self._ask("HEAD", f"blobs/{digest}", needed, (200, 404)).status == 200

    def blob(self, digest: str) -> Iterator[bytes]:
        """The bytes of a layer or config, in chunks; ECR sends us on to S3 for them."""
        response = self._ask("GET", f"blobs/{digest}", "ecr:GetDownloadUrlForLayer", stream=True)
        try:
            with self._reached():
                yield from response.stream(_CHUNK)
        finally:
            response.close()

    def upload(self, digest: str, size: int, chunks: Iterator[bytes]) -> None:
        """Upload a blob in one request: ECR loses all but the first of several chunks.

        https://github.com/aws/containers-roadmap/issues/2831
        """
        begun = self._ask("POST", "blobs/uploads/", "ecr:InitiateLayerUpload", (202,))
        url = urljoin(f"{self.registry}/", begun.headers["Location"])
        url += f"{'&' if urlsplit(url).query else '?'}digest={digest}"
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        needed = "ecr:UploadLayerPart and ecr:CompleteLayerUpload"
        response = self._ask("PUT", url, needed, (201,), headers, body=chunks)
        self._expect_digest(response, digest)

    def put_manifest(self, tag: str, manifest: Manifest) -> None:
        """Name an image, all of whose blobs are there."""
        headers = {"Content-Type": manifest.media_type}
        url = f"manifests/{tag}"
        response = self._ask("PUT", url, "ecr:PutImage", (201,), headers, body=manifest.body)
        self._expect_digest(response, manifest.digest)

    def _ask(
        self,
        method: str,
        path: str,
        needed: str,
        expected: tuple[int, ...] = (200,),
        headers: dict[str, str] | None = None,
        *,
        body: bytes | Iterator[bytes] | None = None,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        with self._reached():
            response = self._http.request(
                method,
                urljoin(f"{self.registry}/v2/{self.name}/", path),
                body=body,
                headers=self._headers | (headers or {}),
                preload_content=not stream,
                retries=_RETRIES if body is None else False,
                timeout=_TIMEOUT,
            )
        if response.status in expected:
            return response
        said = _said(response)
        if response.status in (401, 403):
            raise MoveError(f"{self}: {method} {path} is denied; it needs {needed} ({said})")
        raise MoveError(f"{self}: {method} {path}: {said}")

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            raise MoveError(f"{self}: {one_line(error)}; run again, what is there stays") from error

    def _expect_digest(self, response: urllib3.BaseHTTPResponse, digest: str) -> None:
        found = response.headers.get("Docker-Content-Digest")
        if found != digest:
            raise MoveError(f"{self}: {digest} was pushed, and the registry calls it {found}")


def ecr_repository(session: Any, name: str) -> Repository:
    """A repository of a boto3 session's account and region. The token lasts 12 hours.

    An ECR client with an endpoint of its own (an emulator's) has its registry there, too.

    Raises MoveError where AWS gives no token.
    """
    client = session.client("ecr")
    try:
        with in_one_line():
            (given,) = client.get_authorization_token()["authorizationData"]
    except CallError as error:
        raise MoveError(
            f"{name}: no login; it needs ecr:GetAuthorizationToken ({error.reason})"
        ) from error
    endpoint: str = client.meta.endpoint_url
    is_aws = ".amazonaws." in f"{urlsplit(endpoint).hostname}"
    return Repository(
        given["proxyEndpoint"] if is_aws else endpoint,
        name,
        authorization=f"Basic {given['authorizationToken']}",
    )


def _pool(url: str) -> urllib3.PoolManager:
    """Connections, through the proxy that the environment names."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy, maxsize=8)
    return urllib3.PoolManager(maxsize=8)


def _said(response: urllib3.BaseHTTPResponse) -> str:
    try:
        errors = json.loads(response.data)["errors"]
        said = "; ".join(f"{one.get('code')}: {one.get('message')}" for one in errors)
    except (ValueError, KeyError, TypeError):
        said = ""
    return one_line(f"HTTP {response.status} {said}")
