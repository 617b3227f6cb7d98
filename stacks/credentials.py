"""Credentials in files that go further than they should: into manifests, releases and images."""

import re
from pathlib import Path

_URL = re.compile(
    r"""
    (?P<scheme>[a-z][a-z0-9+.-]*)://
    (?:
        (?P<user>[^\s/@:"',]*)                               # before the host
        (?P<password>:(?!\d+(?:[/\s"']|$))[^\s@"]*)?@       # and no port
      | [^\s?]*[?][^\s]*?(?:token|secret|passw|pwd|key|sig|credential|auth)[\w-]*=[^\s&#]
      | [^\s?#]*/t/[a-z]{2}-[0-9a-f-]{30,}  # conda's way to write a token
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Of an MLflow model folder: what says where packages come from. pip reads the first, and people the
# others; all of them are packed with the model.
_RECORDS = ("requirements.txt", "conda.yaml", "python_env.yaml", "MLmodel", "code/requirements.txt")


def lines_with_credentials(text: str) -> list[int]:
    """The numbers of the lines that hold an address with a password or a token.

    A name alone is none over SSH (`git+ssh://git@host`), and over HTTP it is a token.
    """
    # pip joins continued lines: the null character keeps their number.
    joined = re.sub(r"\\\r?\n", "\0", text)
    found = (match for match in _URL.finditer(joined) if _is_secret(match))
    return sorted({1 + len(re.findall(r"[\n\0]", joined[: match.start()])) for match in found})


def _is_secret(match: re.Match[str]) -> bool:
    if match["user"] is None or match["password"]:
        return True
    return not match["scheme"].lower().endswith("ssh") and bool(match["user"])


def refusals(folder: Path) -> list[str]:
    """A line for each of a model folder's records that holds credentials; never what they are."""
    return [
        f"{folder / name}: line {line} has an address with a password or a token, which would go "
        "into manifests, releases and the image: take it out, have it replaced where it is valid, "
        "and give pip the address on the machine that deploys (PIP_EXTRA_INDEX_URL); `cdk deploy` "
        "and `berth image` pass it to the build as a secret (docs/image.md)"
        for name in _RECORDS
        if (folder / name).is_file()
        for line in lines_with_credentials((folder / name).read_text("utf-8", errors="replace"))
    ]
