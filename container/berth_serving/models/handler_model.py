"""Models with handlers. All of a model's own code runs in the thread of `forward`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ..codecs.documents import text_of
from ..codecs.media import CSV, JSON, LINES, Format, body_format, response_format
from ..codecs.plain import dumps
from ..codecs.responses import encode
from ..config import Settings
from ..errors import LoadError, PredictionError
from ..servable import Job, Request, Response, Servable, Stream
from . import defaults
from .faults import stage
from .folder import default_accept, example_in
from .handlers import HANDLERS, Context, Handler, awaited, import_file
from .text_model import cost_of

_Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class _Call:
    """A request as it is passed to the handlers."""

    body: str | bytes
    data: Any
    """The data of the body, if no handler reads it."""
    context: Context
    asked: str | None
    """The type that the client asks for, if it is a single one."""
    wanted: Format | None
    """The type of the response, if no handler writes it."""


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of a request: a value, or chunks whose first is the value."""

    value: Any
    content_type: str | None = None
    chunks: Iterator[Any] | None = None


class HandledModel:
    """A Servable that passes each request to the handlers that were found in a file.

    Raises:
        LoadError: if the model cannot be loaded, or nothing can predict with it.
    """

    mixes = False

    def __init__(self, found: dict[str, Handler], file: Path, settings: Settings) -> None:
        self.example = example_in(settings.model_dir)
        self._found = found
        self._folder = str(settings.model_dir)
        self._accept = settings.default_accept.strip() or JSON
        self._reads = not found.keys() & {"input_fn", "transform_fn"}
        self._writes = not found.keys() & {"output_fn", "transform_fn"}
        self._default_accept = default_accept(settings) if self._writes else None
        if (load := found.get("model_fn")) is not None:
            self._rest = defaults.of_model(load(self._folder, context=Context(self._folder)))
        else:
            self._rest = defaults.of_folder(settings, file)
        if self._rest.predict is None and not found.keys() & {"predict_fn", "transform_fn"}:
            raise LoadError(
                f"{file}: no predict_fn, and what model_fn returned has no predict and cannot be "
                "called"
            )

    def open(self, request: Request) -> Job:
        """Decode the body and choose the response type, if no handler does."""
        content_type = request.content_type or JSON
        name = content_type.partition(";")[0].strip().lower()
        is_text = name in {JSON, CSV}
        given = body_format(content_type) if self._reads or is_text else None
        wanted = self._wanted(request, given)
        call = _Call(
            text_of(request.body) if is_text and not self._reads else request.body,
            self._rest.read(request.body, given) if self._reads and given else None,
            self._context(request, name if is_text else content_type),
            _one_type(request.accept),
            wanted,
        )
        return Job([call], [cost_of(request.body)])

    def forward(self, items: Sequence[_Call]) -> list[_Result]:
        """Run the handlers; of a response in chunks, make the first."""
        return [self._begun(self._handled(call)) for call in items]

    def finish(self, job: Job, results: Sequence[_Result]) -> Response | Stream:
        """Encode the prediction, if no handler does."""
        call: _Call = job.items[0]
        made = results[0]
        if made.chunks is not None:
            return Stream(map(_chunk, made.chunks), self._stream_type(call, made))
        if call.wanted is not None:
            return encode(made.value, call.wanted, bare=True)
        content_type = made.content_type or call.asked or self._accept
        if isinstance(made.value, str | _Bytes):
            return Response(_chunk(made.value), content_type)
        if made.value is None:
            raise PredictionError("its handler returned None instead of a response")
        return encode(made.value, Format(JSON, JSON), bare=True)

    def _context(self, request: Request, content_type: str) -> Context:
        return Context(
            self._folder,
            content_type,
            self._accept if request.accept in {None, "", "*/*"} else request.accept,
            request.custom_attributes,
            request.inference_id,
            request.session,
        )

    def _wanted(self, request: Request, given: Format | None) -> Format | None:
        predict = self._found.get("predict_fn")
        # The chunks of a generator are sent as they are.
        if not self._writes or (predict and predict.yields):
            return None
        body = given.kind if given else None
        return response_format(request.accept, body=body, default=self._default_accept)

    def _handled(self, call: _Call) -> Any:
        context, model = call.context, self._rest.model
        if "transform_fn" in self._found:
            arguments = (model, call.body, context.content_type, context.accept)
            return self._run("transform_fn", *arguments, context=context)
        data = call.data
        if "input_fn" in self._found:
            data = self._run("input_fn", call.body, context.content_type, context=context)
        prediction = self._predicted(data, context)
        if "output_fn" not in self._found:
            return prediction
        return self._run("output_fn", prediction, context.accept, context=context)

    def _predicted(self, data: Any, context: Context) -> Any:
        if "predict_fn" in self._found:
            data = self._rest.data(data) if self._reads else data
            return self._run("predict_fn", data, self._rest.model, context=context)
        assert self._rest.predict is not None  # noqa: S101 - checked at loading
        with stage("predict"):
            return awaited(self._rest.predict(data))

    def _run(self, name: str, *arguments: Any, context: Context) -> Any:
        with stage(name, reads_body=name == "input_fn"):
            return self._found[name](*arguments, context=context)

    def _begun(self, value: Any) -> _Result:
        content_type = None
        if not self._writes and isinstance(value, tuple) and len(value) == 2:
            value, content_type = value
            if not _can_be_header(content_type):
                said = f"its handler returned {content_type!r:.100} as the content type"
                raise PredictionError(said)
        if not isinstance(value, Iterator):
            return _Result(value, content_type)
        # The first chunk is made now: if it fails, the status can still tell.
        with stage("its stream"):
            first = list(islice(value, 1))
        return _Result(first[0] if first else b"", content_type, chain(first, value))

    def _stream_type(self, call: _Call, made: _Result) -> str:
        if made.content_type or not self._writes:
            return made.content_type or call.asked or self._accept
        if isinstance(made.value, str):
            return call.asked or "text/plain; charset=utf-8"
        if isinstance(made.value, _Bytes):
            return call.asked or "application/octet-stream"
        return call.wanted.name if call.wanted and call.wanted.kind == LINES else LINES


def load_handlers(file: Path, settings: Settings) -> Servable | None:
    """Import the handlers and load the model with them; None if the file has no handlers.

    Raises:
        LoadError: for handlers that cannot be called or combined.
        Exception: any error of the file's own code.
    """
    module = import_file(file)
    found = {
        name: Handler.of(name, function, file)
        for name in HANDLERS
        if callable(function := getattr(module, name, None))
    }
    if not found:
        return None
    if "transform_fn" in found and (others := found.keys() - {"transform_fn", "model_fn"}):
        raise LoadError(f"{file}: transform_fn replaces {', '.join(sorted(others))}")
    return HandledModel(found, file, settings)


def _one_type(accept: str | None) -> str | None:
    """Return the type in Accept, if it is a single one."""
    name = (accept or "").partition(";")[0].strip()
    return name if "/" in name and not set(accept or "") & set("*,") else None


def _can_be_header(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.isascii() and value.isprintable())


def _chunk(value: Any) -> bytes:
    """Convert text or bytes as they are, and any other value to a line of JSON."""
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, _Bytes) else dumps(value) + b"\n"
