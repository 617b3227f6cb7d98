"""`python -m contract`: put an inference container through SageMaker's contract."""

import argparse
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from contract import example as examples
from contract import report
from contract.bench import Bench
from contract.case import Case
from contract.client import Client, NoAnswer
from contract.image import ImageLauncher, NoEngineError
from contract.limits import Limits
from contract.process import ProcessLauncher
from contract.runner import chosen, is_certified, run
from contract.running import Launcher

_SCREEN = Console(stderr=True, highlight=False)
_WIDTH = 160


class UsageError(Exception):
    """The command line asks for what cannot be; the message says what would be right."""


def main(arguments: list[str] | None = None) -> int:
    """Certify; 0 when nothing binding failed, 1 when something did, 2 for a wrong command line."""
    parsed = _parser().parse_args(arguments)
    # What was started is ended, whatever ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        cases = _cases(parsed.case)
        bench = _bench(parsed)
        with _SCREEN.status("") as status:

            def say(case: Case) -> None:
                status.update(f"{case.id}: {case.title}")

            results = run(bench, cases, say)
    except (UsageError, NoEngineError, FileNotFoundError, PermissionError) as error:
        print(f"contract: {error}", file=sys.stderr)
        return 2
    certified = is_certified(results, strict=parsed.strict)
    if parsed.json:
        print(report.as_json(results, certified=certified))
        return 0 if certified else 1
    screen = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    screen.print(report.table(results))
    for failure in report.failures(results):
        screen.print(failure, markup=False)
    screen.print(report.summary(results, certified=certified), markup=False)
    return 0 if certified else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m contract", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("url", nargs="?", metavar="URL", help="a container that runs already")
    what.add_argument("--image", help="run by docker or podman as SageMaker runs it")
    what.add_argument("--process", metavar="CMD", help="a command; `serve` is added to it")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="the model, read-only")
    parser.add_argument("--body", type=Path, metavar="FILE", help="a request answered with 200")
    parser.add_argument("--content-type", default="application/json", metavar="TYPE", help="its")
    parser.add_argument("--stream-body", type=Path, metavar="FILE", help="one answered in chunks")
    parser.add_argument("--case", action="append", default=[], metavar="GLOB", help="only these")
    parser.add_argument("--timeout", type=float, default=Limits().start, help="of a start, in s")
    parser.add_argument("--memory", default="4g", help="limit of --image (default: 4g)")
    parser.add_argument("--strict", action="store_true", help="good practice is binding too")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def _cases(patterns: list[str]) -> list[Case]:
    cases = chosen(patterns)
    if not cases:
        raise UsageError(f"--case {' '.join(patterns)}: no case has such an id")
    return cases


def _bench(parsed: argparse.Namespace) -> Bench:
    model: Path | None = parsed.model.resolve() if parsed.model else None
    if model and not model.is_dir():
        raise UsageError(f"--model {parsed.model}: no such folder")
    limits = Limits(start=parsed.timeout)
    launcher: Launcher | None = None
    address = None
    if parsed.image:
        launcher = ImageLauncher(parsed.image, model, memory=parsed.memory)
    elif parsed.process:
        launcher = ProcessLauncher(parsed.process, model)
    else:
        address = _address(parsed.url)
    stream = _read(parsed.stream_body, parsed.content_type, "--stream-body")
    return Bench(
        launcher=launcher,
        address=address,
        example=_example(parsed, model),
        stream=stream,
        model=model,
        limits=limits,
    )


def _example(parsed: argparse.Namespace, model: Path | None) -> examples.Example:
    given = _read(parsed.body, parsed.content_type, "--body")
    found = given or (examples.of_model(model) if model else None)
    if found is None:
        raise UsageError(
            "no request to send: give --body FILE and --content-type TYPE, or --model with an "
            "MLflow model that has a serving_input_example.json"
        )
    return found


def _read(file: Path | None, content_type: str, option: str) -> examples.Example | None:
    if file is None:
        return None
    try:
        return examples.Example(file.read_bytes(), content_type)
    except OSError as error:
        raise UsageError(f"{option} {file}: {error.strerror}") from error


def _address(url: str) -> Client:
    parts = urlsplit(url if "//" in url else f"//{url}", scheme="http")
    try:
        port = parts.port or 80
    except ValueError as error:
        raise UsageError(f"{url}: {error}") from error
    if parts.scheme != "http" or not parts.hostname or parts.path not in {"", "/"}:
        raise UsageError(f"{url}: takes the form http://HOST:PORT")
    client = Client(parts.hostname, port)
    try:
        client.connect().socket.close()
    except NoAnswer as error:
        raise UsageError(f"{url}: {error}") from error
    return client


if __name__ == "__main__":
    sys.exit(main())
