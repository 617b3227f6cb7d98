"""What a person sees while things are moved."""

import re
from io import StringIO

from rich.console import Console

from promotion.artifacts import Artifact
from promotion.console_output import Screen
from promotion.moving import Moved, OnBytes, Planned

SIZE = 3_000_000


def artifact(name: str) -> Artifact:
    def move(on_bytes: OnBytes) -> Moved:
        for _ in range(3):
            on_bytes(SIZE // 3)
        return Moved(SIZE, sent=SIZE)

    return Artifact("file", name, "ab" * 32, lambda: Planned(SIZE, SIZE), move)


def seen(*, terminal: bool) -> str:
    out = StringIO()
    screen = Screen(Console(file=out, force_terminal=terminal, width=120))
    checked: list[int] = []
    screen.copy([artifact("one.gz"), artifact("two.gz")], before_each=lambda: checked.append(1))
    assert len(checked) == 2
    assert [each.name for each in screen.moved] == ["one.gz", "two.gz"]
    return out.getvalue()


def test_a_terminal_has_a_bar_with_bytes_and_their_rate() -> None:
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen(terminal=True))
    assert re.search(r"file one\.gz ━+ 3\.0/3\.0 MB [0-9.]+ [kMGT]?B/s", plain), plain


def test_a_pipe_has_a_line_for_each_and_nothing_else() -> None:
    assert seen(terminal=False).splitlines() == [
        f"file {name}: sha256 abababababab, 3,000,000 bytes: 3,000,000 sent, 0 copied in"
        " S3, 0 there"
        for name in ("one.gz", "two.gz")
    ]
