"""Values as a person reads them."""

from rich.filesize import decimal


def visible(text: str) -> str:
    """Text on one line, in which nothing hides.

    Characters that show nothing, such as those that turn the direction of the text around, become
    their Python escapes: what is read on the page is what the release says.
    """
    return "".join(
        each if each.isprintable() else " " if each.isspace() else ascii(each)[1:-1]
        for each in text
    )


def size(count: int) -> str:
    """Bytes, in powers of ten."""
    return decimal(count)


def rate(count: int, seconds: float) -> str:
    """Bytes per second; a dash where none went or no time passed."""
    return f"{decimal(int(count / seconds))}/s" if count and seconds else "-"


def milliseconds(value: float) -> str:
    """One decimal below 100 ms."""
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def score(value: float) -> str:
    """An F1 score."""
    return f"{value:.3f}"


def change(now: float, before: float) -> str:
    """How a score differs from the former one; the arrow says it without colour."""
    difference = round(now - before, 3)
    if not difference:
        return "= 0.000"
    return f"{'▲' if difference > 0 else '▼'} {difference:+.3f}"


def percent(part: int, whole: int) -> str:
    """A share; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "-"
