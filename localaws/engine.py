"""What the CDK CLI calls in place of docker (`CDK_DOCKER`).

Where a container engine responds (`LOCALAWS_IMAGES`), it carries out `build`, `tag` and `push`.
Where none does, `build` only copies the build context to `$LOCALAWS_HOME/images/<tag>/`, from where
the hosting plane starts its `entrypoint.sh`, and `push` records an image in the emulated ECR whose
configuration says so.
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from localaws import builder
from localaws.home import HOST, LocalAwsError, default_home, required_port, write
from localaws.images import Built, keep_arguments, mode, wanted_engine
from tools.image.build import DOCKER_MANIFEST

NOT_BUILT = "The image is NOT built; localaws runs its build context instead"
LABEL = "localaws.image"

_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_REFERENCE = re.compile(
    r"(?P<host>\d{12}\.dkr\.ecr\.[a-z0-9-]+\.[a-z0-9.]+(?::\d+)?)/(?P<repository>[^:@]+):(?P<tag>[\w.-]+)"
)


def main(arguments: list[str] | None = None) -> int:
    """Run one of the CLI's calls; 2 after one line for any other."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="localaws.engine", add_help=False, allow_abbrev=False)
    parser.add_argument("--config")
    parser.add_argument("verb")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    parsed = parser.parse_args(given)
    images = default_home() / "images"
    try:
        match parsed.verb:
            case "login":
                log_in(parsed.rest[-1], sys.stdin.read().strip())
            case "logout":
                pass
            case "images":
                _list_images(images, parsed.rest)
            case "inspect":
                # docker ends with 1 for an image that it does not have, which the CLI expects.
                return 0 if _is_there(_folder(images, parsed.rest[-1])) else 1
            case "build":
                _build(images, Path.cwd(), parsed.rest)
            case "tag":
                _tag(images, *parsed.rest)
            case "push":
                _push(images, parsed.rest[-1])
            case _:
                print(f"localaws: no container engine: no {parsed.verb!r} here", file=sys.stderr)
                return 2
    except (LocalAwsError, OSError, httpx.HTTPError) as error:
        print(f"localaws: {error}", file=sys.stderr)
        return 2
    return 0


def _folder(images: Path, reference: str) -> Path:
    """The folder of an image: its tag, whatever the account and the repository."""
    return images / reference.rpartition(":")[2]


def _is_there(folder: Path) -> bool:
    """Whether there is an image as one would be built now: by an engine, or its context."""
    built, engine = Built.read(folder), wanted_engine()
    if built is None or engine is None:
        return folder.is_dir() and built is None and engine is None
    return engine.has(built.image)


def _list_images(images: Path, options: list[str]) -> None:
    # The CLI asks `--filter reference=*/*:<tag>` for an image that another account's push left.
    tag = options[-1].rpartition(":")[2]
    if (images / tag).is_dir():
        print(f"localaws/image:{tag}")


def _build(images: Path, context: Path, options: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="build", add_help=False, allow_abbrev=False)
    parser.add_argument("--tag", required=True)
    parser.add_argument("--file", default="Dockerfile")
    parser.add_argument("--build-arg", action="append", default=[])
    call, _ = parser.parse_known_args(options)
    if not (context / call.file).is_file():
        raise LocalAwsError(f"{context}: no {call.file}: nothing to build an image from")
    folder, engine = _folder(images, call.tag), wanted_engine()
    if engine and builder.build(engine, folder, context, call):
        return
    why = builder.NO_BASE if engine else "there is no container engine"
    why = "LOCALAWS_IMAGES is never" if mode() == "never" else why
    print(f"localaws: {NOT_BUILT}: {why}.", file=sys.stderr)
    _keep(context, folder, dict(one.partition("=")[::2] for one in call.build_arg))


def _tag(images: Path, source: str, target: str) -> None:
    if not _folder(images, source).is_dir():
        raise LocalAwsError(f"{source}: no such image")
    folder = _folder(images, target)
    if built := Built.read(_folder(images, source)):
        builder.tag(built, target, folder)
        return
    _keep(_folder(images, source), folder)


def _keep(source: Path, target: Path, arguments: Mapping[str, str] | None = None) -> None:
    """Copy a folder in one step: an endpoint that starts meanwhile sees all of it or none."""
    if Built.read(target):
        shutil.rmtree(target)
    elif target.is_dir():
        return  # CDK's tags are hashes of the content
    target.parent.mkdir(parents=True, exist_ok=True)
    copy = Path(tempfile.mkdtemp(dir=target.parent, prefix=".")) / "context"
    try:
        shutil.copytree(source, copy, symlinks=True)
        if arguments is not None:
            keep_arguments(copy, arguments)
        copy.replace(target)
    finally:
        shutil.rmtree(copy.parent)


def _push(images: Path, reference: str) -> None:
    parts = _REFERENCE.fullmatch(reference)
    if parts is None:
        raise LocalAwsError(f"{reference}: must be an image of an ECR repository, with a tag")
    folder = _folder(images, reference)
    if not folder.is_dir():
        raise LocalAwsError(f"{reference}: no such image")
    if built := Built.read(folder):
        builder.push(built, parts["repository"], parts["tag"], _login(parts["host"]))
        return
    config = _encoded(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {LABEL: NOT_BUILT, f"{LABEL}.context-sha256": _digest(folder)}},
            "rootfs": {"type": "layers", "diff_ids": []},
        }
    )
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    manifest = _encoded(
        {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": {"mediaType": _CONFIG_TYPE, "size": len(config), "digest": digest},
            "layers": [],
        }
    )
    host, path, binary = parts["host"], f"/v2/{parts['repository']}", "application/octet-stream"
    upload = _send(host, "POST", f"{path}/blobs/uploads/", b"", binary)
    location = httpx.URL(upload["location"]).copy_merge_params({"digest": digest})
    _send(host, "PUT", location.raw_path.decode(), config, binary)
    _send(host, "PUT", f"{path}/manifests/{parts['tag']}", manifest, DOCKER_MANIFEST)


def _send(host: str, method: str, path: str, body: bytes, content_type: str) -> httpx.Headers:
    """A request to the registry, which takes account and region from the host's name."""
    own = {"Host": host, "Authorization": f"Basic {_login(host)}"}
    headers = own | {"Content-Type": content_type}
    url = f"http://{HOST}:{required_port(default_home())}{path}"
    with httpx.Client(trust_env=False, timeout=60) as client:
        response = client.request(method, url, content=body, headers=headers)
    if response.is_error:
        status = response.status_code
        raise LocalAwsError(f"{host}: {method} {path}: {status} {response.text}")
    return response.headers


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=2, sort_keys=True).encode()


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{content}  {path.relative_to(folder).as_posix()}\n".encode())
    return digest.hexdigest()


def log_in(host: str, password: str) -> None:
    """Store the token of a registry for the pushes to it."""
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    write(_login_file(host), token)


def _login(host: str) -> str:
    try:
        return _login_file(host).read_text()
    except FileNotFoundError:
        raise LocalAwsError(f"{host}: no login; log in to it first") from None


def _login_file(host: str) -> Path:
    return default_home() / f"login-{host}"


if __name__ == "__main__":
    sys.exit(main())
