"""A model's requirements.txt, line by line: what no image can be built from is told with its cure.

What pip reads in such a file: https://pip.pypa.io/en/stable/reference/requirements-file-format/.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from stacks.compatibility.findings import IncompatibleError

_TAKEN = {
    *("-i", "--index-url", "--extra-index-url", "--no-binary", "--only-binary"),
    *("--prefer-binary", "--pre", "--trusted-host", "--use-feature"),
}
_PUBLISH = (
    "publish the package to an index that the build reaches, or log the model with its code "
    "(code_paths)"
)
_REFUSED = {
    "-e": f"an editable install is of a folder that the image's build does not have: {_PUBLISH}",
    "-r": "names another file, which is not in the build: put its lines here",
    "-c": "names another file, which is not in the build: put its versions here",
    "--hash": "with one hash pip wants them of every package in the image: pin by == alone",
    "--no-index": "the image's build needs pip's index for the rest: leave it out",
}
_LONG = {
    **{"--editable": "-e", "--requirement": "-r", "--constraint": "-c"},
    **{"--require-hashes": "--hash", "-f": "--find-links"},
}
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_FILE = re.compile(r"(?i)(^|[\s=])(?P<address>(file|dbfs|s3|gs|wasbs?|abfss?):|/dbfs/)")
_PATH = re.compile(r"(?i)^([./~]|[a-z]:[\\/]|[^\s@;]*[\\/]|\S+\.(whl|zip|tar\.gz|tar\.bz2)$)")


def read_requirements(file: Path) -> str:
    """The text of a requirements.txt that an image can be built from.

    Raises:
        IncompatibleError: with a line for each that pip would refuse in the image's build.
        OSError: where it cannot be read.
    """
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        name = _BOMS.get(content[:2])
        line = content[: error.start].count(b"\n") + 1
        says = f"is {name}" if name else f"line {line} is not UTF-8"
        raise IncompatibleError(f"{file}: {says}; save it as UTF-8") from None
    if "\0" in text:
        raise IncompatibleError(f"{file}: is UTF-16 or no text; save it as UTF-8")
    found = [f"{file}: line {number}: {says}" for number, says in faults(text)]
    if found:
        raise IncompatibleError("\n".join(found))
    return text


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines as pip joins them, without comments and empty ones, by the number of the first."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, start in lines:
        line = start
        while line.endswith("\\") and not line.lstrip().startswith("#"):
            line = line[:-1] + next(lines, (0, ""))[1].lstrip()
        if line := re.sub(r"(^|\s+)#.*", "", line).strip():
            yield number, line


def faults(text: str) -> Iterator[tuple[int, str]]:
    """What no image can be built with, by the number of its line."""
    for number, line in logical_lines(text):
        if says := _fault(line):
            yield number, says


def _fault(line: str) -> str | None:
    if line.startswith("-"):
        return _option_fault(line)
    if re.search(r"\s--hash[= ]", line):
        return f"--hash: {_REFUSED['--hash']}"
    if found := _FILE.search(line):
        return f"{found['address']} is a place that the image's build does not reach: {_PUBLISH}"
    if re.match(r"(?i)git\+|https?://", line):
        return f"an address without a name: write `name @ {line.split(maxsplit=1)[0]}`"
    if " @ " not in line and _PATH.match(line):
        return f"{line.split(maxsplit=1)[0]}: a file, which is not in the image's build: {_PUBLISH}"
    return _requirement_fault(line)


def _requirement_fault(line: str) -> str | None:
    requirement = re.split(r"\s--(?:config-settings?|global-option)\b", line)[0]
    try:
        parsed = Requirement(requirement)
    except InvalidRequirement as error:
        return f"{line}: no requirement ({str(error).splitlines()[0]})"
    if parsed.url and re.match(r"(git\+(?!https:)|hg\+|svn\+|bzr\+)", parsed.url):
        return f"{parsed.name}: the image's build has git over https alone: {_PUBLISH}"
    if parsed.url and parsed.url.startswith("git+") and parsed.extras:
        return f"{parsed.name}: give its extras' packages lines of their own, without [extras]"
    return None


def _option_fault(line: str) -> str | None:
    option = re.split(r"[= ]", line)[0]
    if re.match(r"-[ercif].", option) and not option.startswith("--"):
        option = option[:2]  # -rmore.txt
    option = _LONG.get(option, option)
    if option in _REFUSED:
        return f"{option}: {_REFUSED[option]}"
    if option == "--find-links":
        if re.search(r"https?://", line):
            return None
        return "--find-links: a folder, not in the image's build: give it to pip (docs/image.md)"
    if option not in _TAKEN:
        return f"{option}: pip takes no such option in a requirements.txt"
    return None
