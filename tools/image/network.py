"""pip's settings of this machine, for a build behind a closed network.

The build uses the index, the folder of wheels and the CA of pip's settings, too. They are passed as
build secrets and as a build context, not as build arguments, which stay readable in the image's
history: an index's address may contain a password.
"""

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The paths at which container/Dockerfile has them while pip runs.
_CA, _WHEELS = "/run/secrets/ca", "/wheels"
_PASSED_ON = ("index-url", "extra-index-url", "trusted-host", "proxy", "no-index", "timeout")


def pip_settings() -> dict[str, str]:
    """The output of `pip config list`, by the setting's name; the environment overrides files."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = {}
    for line in sorted(listed.stdout.splitlines(), key=lambda line: line.startswith(":env:")):
        name, _, value = line.partition("=")
        found[name.rpartition(".")[2].replace("default-timeout", "timeout")] = str(
            ast.literal_eval(value)
        )
    return found


def wheels(settings: dict[str, str]) -> Path | None:
    """The first folder of this machine among pip's find-links."""
    links = settings.get("find-links", "").split()
    folders = (Path(link.removeprefix("file://")) for link in links)
    return next(filter(Path.is_dir, folders), None)


@contextmanager
def build_options(settings: dict[str, str]) -> Iterator[list[str]]:
    """Options of `docker build` and `podman build` that pass pip's settings on."""
    folder, links = wheels(settings), settings.get("find-links", "").split()
    passed = {name: settings[name] for name in _PASSED_ON if name in settings}
    # A build cannot reach an index in a folder of this machine.
    for name in ("index-url", "extra-index-url"):
        urls = [url for url in passed.pop(name, "").split() if not url.startswith("file:")]
        passed |= {name: " ".join(urls)} if urls else {}
    urls = [link for link in links if "://" in link and not link.startswith("file:")]
    if urls or folder:
        passed["find-links"] = " ".join([*urls, *([_WHEELS] if folder else [])])
    options = ["--build-context", f"wheels={folder}"] if folder else []
    if "cert" in settings:
        passed["cert"] = _CA
        options += ["--secret", f"id=ca,src={settings['cert']}"]
    if not passed:
        yield []
        return
    with tempfile.NamedTemporaryFile("w", prefix="pip-", suffix=".conf") as file:
        file.write("[global]\n" + "".join(f"{key} = {value}\n" for key, value in passed.items()))
        file.flush()
        yield [*options, "--secret", f"id=pip.conf,src={file.name}"]
