"""A listing of a folder, which shows whether anything in it has changed."""

from pathlib import Path


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """List every file below a folder with its size and the time of its last change."""
    return {
        str(path.relative_to(folder)): (stat.st_size, stat.st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and (stat := path.stat())
    }
