"""The commands of the contract kit: test a container, compare the results of several."""

import json
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from berth.errors import UsageError
from berth.exit_status import ExitStatus
from berth.screen import console, print_json, say
from berth.serving import SECTION, own_server

if TYPE_CHECKING:
    from contract.client import Client
    from contract.container import Launcher
    from contract.example import Example

_START_SECONDS = 480  # how long SageMaker waits for a container to answer its first ping


def add(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (contract, contract_compare):
        app.command(rich_help_panel=SECTION)(command)


def contract(
    context: typer.Context,
    *,
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="A container that runs already: http://HOST:PORT."),
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="An image, which docker or podman runs as SageMaker does.")
    ] = None,
    process: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="A command to start; `serve` is added to it."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The model's folder, which is mounted read-only."),
    ] = None,
    body: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A request that gets a response with status 200."),
    ] = None,
    content_type: Annotated[
        str, typer.Option(metavar="TYPE", help="The content type of --body.")
    ] = "application/json",
    stream_body: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A request that gets a response in chunks."),
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Run only the cases whose id matches. May be given several times."
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="How many seconds a start may take.")
    ] = _START_SECONDS,
    memory: Annotated[str, typer.Option(help="The memory limit of --image.")] = "4g",
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail on cases of good practice, too.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON in place of the table.")
    ] = False,
) -> None:
    """Test whether a container of any origin fulfils SageMaker's contract.

    Name it by one of URL, --image and --process; without any it is the server of this project with
    the model of stages.toml. The exit status is 1 if a binding case fails.
    """
    from contract import report  # noqa: PLC0415
    from contract.bench import Bench  # noqa: PLC0415
    from contract.example import of_model  # noqa: PLC0415
    from contract.limits import Limits  # noqa: PLC0415
    from contract.runner import chosen, is_certified, run  # noqa: PLC0415

    # So that the container is ended when this command is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    cases = chosen(case or [])
    if not cases:
        raise UsageError(f"--case {' '.join(case or [])}: no case has such an id")
    named = [one for one in (url, image, process) if one]
    if len(named) > 1:
        raise UsageError("berth contract takes one of URL, --image and --process")
    if model and not (named and model.is_dir()):
        says = "no such folder" if named else "of which container? --image or --process names it"
        raise UsageError(f"--model {model}: {says}")
    variables: dict[str, str] = {}
    if not named:
        program, variables = own_server(context)
        process, model = shlex.quote(str(program)), Path(variables["SM_MODEL_DIR"])
        variables["BERTH_MODELS_DIR"] = str(model.resolve().parent)
    folder = model.resolve() if model else None
    request = _read(body, content_type, "--body") or (of_model(folder) if folder else None)
    if request is None:
        raise UsageError(
            "no request to send: give --body FILE and --content-type TYPE, or --model with an "
            "MLflow model that has a serving_input_example.json"
        )
    bench = Bench(
        launcher=_launcher(image, process, folder, memory, variables),
        address=_address(url) if url else None,
        example=request,
        stream=_read(stream_body, content_type, "--stream-body"),
        model=folder,
        limits=Limits(start=timeout),
    )
    with console(stderr=True).status("") as status:
        results = run(bench, cases, lambda one: status.update(f"{one.id}: {one.title}"))
    certified = is_certified(results, strict=strict)
    if as_json:
        print_json(report.document(results, certified=certified))
    else:
        console().print(report.table(results))
        for failure in report.failures(results):
            say(*failure.split("\n"))
        say(report.summary(results, certified=certified))
    if not certified:
        raise typer.Exit(ExitStatus.NO)


def contract_compare(
    results: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=FILE",
            help="A server's name, and what `berth contract --json` printed for it.",
        ),
    ],
) -> None:
    """Print a Markdown table that compares several containers by their results."""
    from contract.compare import comparison  # noqa: PLC0415

    say(*comparison(dict(_named_document(result) for result in results)).split("\n"))


def _named_document(result: str) -> tuple[str, Any]:
    name, equals, file = result.partition("=")
    if not (name and equals):
        raise UsageError(f"{result}: takes the form NAME=FILE")
    try:
        document = json.loads(Path(file).read_text())
    except ValueError as error:
        raise UsageError(f"{file}: not JSON: {error}") from error
    if not isinstance(document, dict) or not {"certified", "cases"} <= document.keys():
        raise UsageError(f"{file}: not what `berth contract --json` prints")
    return name, document


def _launcher(
    image: str | None,
    process: str | None,
    model: Path | None,
    memory: str,
    variables: Mapping[str, str],
) -> "Launcher | None":
    from contract.image import ImageLauncher  # noqa: PLC0415
    from contract.process import ProcessLauncher  # noqa: PLC0415

    if image:
        return ImageLauncher(image, model, memory=memory)
    return ProcessLauncher(process, model, variables) if process else None


def _read(file: Path | None, content_type: str, option: str) -> "Example | None":
    from contract.example import Example  # noqa: PLC0415

    if file is None:
        return None
    try:
        return Example(file.read_bytes(), content_type)
    except OSError as error:
        raise UsageError(f"{option} {file}: {error.strerror}") from error


def _address(url: str) -> "Client":
    from contract.client import Client, NoResponse  # noqa: PLC0415

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
    except NoResponse as error:
        raise UsageError(f"{url}: {error}") from error
    return client
