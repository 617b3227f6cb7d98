"""Values as a person reads them."""

from rich.filesize import decimal


def rate(count: int, seconds: float) -> str:
    """Bytes per second; a dash where no byte was moved or no time passed."""
    return f"{decimal(int(count / seconds))}/s" if count and seconds else "-"


def milliseconds(value: float) -> str:
    """One decimal below 100 ms."""
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def score(value: float) -> str:
    """An F1 score."""
    return f"{value:.3f}"


def change(now: float, before: float) -> str:
    """How a score differs from the former one, with an arrow for readers who see no colour."""
    difference = round(now - before, 3)
    if not difference:
        return "= 0.000"
    return f"{'▲' if difference > 0 else '▼'} {difference:+.3f}"


def percent(part: int, whole: int) -> str:
    """A share; a dash where the whole is 0."""
    return f"{100 * part / whole:.1f} %" if whole else "-"
