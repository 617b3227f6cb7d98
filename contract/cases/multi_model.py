"""The multi-model API: a life of models, from load to eviction."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from contract.assertions import Failed, Skipped, required
from contract.bench import Bench
from contract.case import Check, Need, case
from contract.client import Response
from contract.container import MODEL_NAMES, Setup, memory
from contract.load import loaded
from contract.sources import MULTI_MODEL

_LABEL = "com.amazonaws.sagemaker.capabilities.multi-models"
_MEGABYTE = 1 << 20
_MEASURABLE = 8 * _MEGABYTE
_FIRST, _SECOND, _THIRD = MODEL_NAMES[:3]


def offered(bench: Bench) -> bool:
    """Whether it serves the models' API; skips the case where it need not."""
    error = "it does not start" if bench.startup.error else None
    if error is None:
        response = bench.request("GET", "/models")
        if response.status == 200:
            return True
        error = f"GET /models answers {response.status}"
    if bench.labels.get(_LABEL) == "true":
        raise Failed(f"the image has the label {_LABEL}=true, but: {error}")
    raise Skipped(f"not offered: {error}")


def _url(bench: Bench, name: str) -> str:
    bench.once(offered)
    running = bench.seat.running
    url = running.model_url(name) if running else str(bench.model) if bench.model else None
    if url is None:
        raise Skipped("takes --model")
    return url


def _load(bench: Bench, name: str) -> Response:
    document = {"model_name": name, "url": _url(bench, name)}
    body = json.dumps(document).encode()
    return bench.request("POST", "/models", body, {"Content-Type": "application/json"})


def _unload(bench: Bench, name: str) -> Response:
    return bench.request("DELETE", f"/models/{quote(name)}")


def _invoke(bench: Bench, name: str) -> Response:
    headers = {"X-Amzn-SageMaker-Target-Model": f"{name}.tar.gz"}
    return bench.invoke(headers=headers, path=f"/models/{quote(name)}/invoke")


@contextmanager
def _models(bench: Bench, *names: str) -> Iterator[None]:
    """Have models loaded for a while."""
    loaded_names = []
    try:
        for name in names:
            response = _load(bench, name)
            required(response.status == 200, f"POST /models answered {response}")
            loaded_names.append(name)
        yield
    finally:
        for name in loaded_names:
            _unload(bench, name)


def _multi_model(id: str, title: str) -> Callable[[Check], Check]:
    return case(
        f"multi-model.{id}", title, source=MULTI_MODEL, need=Need.OPTIONAL, setup=Setup.MULTI_MODEL
    )


@_multi_model("start", "With no model loaded, `/ping` passes and `GET /models` is an empty list")
def start(bench: Bench) -> None:
    """Look at a container that was just started."""
    bench.once(offered)
    required(bench.ping().status == 200, "/ping does not answer 200")
    listed = bench.request("GET", "/models").json
    required(isinstance(listed, dict) and listed.get("models") == [], f"it lists {listed}")


@_multi_model("load", "`POST /models` loads a model (200), which then answers invocations")
def load(bench: Bench) -> str:
    """Load one and invoke it."""
    began = time.monotonic()
    with _models(bench, _FIRST):
        taken = time.monotonic() - began
        got = _invoke(bench, _FIRST)
        required(got.status == 200, f"the invocation was answered {got}")
    return f"loaded in {taken:.1f} s"


@_multi_model("list", "`GET /models` and `GET /models/{name}` name the models and where they are")
def listing(bench: Bench) -> None:
    """Load two and ask for both."""
    with _models(bench, _FIRST, _SECOND):
        listed = _pages(bench)
        wanted = {name: _url(bench, name) for name in (_FIRST, _SECOND)}
        required(listed == wanted, f"it lists {listed}, not {wanted}")
        one = bench.request("GET", f"/models/{_FIRST}")
        required(one.status == 200, f"GET /models/{{name}} answered {one}")
        entry = one.json[0] if isinstance(one.json, list) else one.json
        required(entry.get("modelName") == _FIRST, f"GET /models/{{name}} answered {one}")


@_multi_model("paging", "With a page's length of 1, `next_page_token` leads through all models")
def paging(bench: Bench) -> str | None:
    """Follow the tokens; `limit`, which multi-model-server knows, is a wish."""
    with _models(bench, _FIRST, _SECOND, _THIRD):
        first = bench.request("GET", "/models?limit=1").json
        listed = _pages(bench, limit=1)
        required(set(listed) == {_FIRST, _SECOND, _THIRD}, f"the pages list {sorted(listed)}")
    return None if first.get("nextPageToken") else "all came in one page"


def _pages(bench: Bench, limit: int | None = None) -> dict[str, str]:
    listed: dict[str, str] = {}
    wish = f"&limit={limit}" if limit else ""
    query = f"?{wish[1:]}" if wish else ""
    for _ in range(10):
        response = bench.request("GET", f"/models{query}")
        required(response.status == 200, f"GET /models{query} answered {response}")
        page = response.json
        for entry in page["models"]:
            required(entry["modelName"] not in listed, f"{entry['modelName']} is on two pages")
            listed[entry["modelName"]] = entry["modelUrl"]
        if not (token := page.get("nextPageToken")):
            return listed
        query = f"?next_page_token={quote(str(token))}{wish}"
    raise Failed("the pages do not end")


@_multi_model(
    "conflict", "Loading a model that is loaded is answered with 409, and changes nothing"
)
def conflict(bench: Bench) -> None:
    """Load one twice."""
    with _models(bench, _FIRST):
        again = _load(bench, _FIRST)
        required(again.status == 409, f"it answered {again}")
        required(_invoke(bench, _FIRST).status == 200, "the model answers no longer")


@_multi_model("unknown", "A model that is not loaded is 404 to GET, DELETE and invoke")
def unknown(bench: Bench) -> None:
    """Ask for one that never was."""
    bench.once(offered)
    name = "never-loaded"
    answers = {
        "GET": bench.request("GET", f"/models/{name}"),
        "DELETE": _unload(bench, name),
        "invoke": _invoke(bench, name),
    }
    wrong = {verb: got.status for verb, got in answers.items() if got.status != 404}
    required(not wrong, f"it answered {wrong}")


@_multi_model("no-model", "Loading from where no model is fails, and leaves nothing behind")
def no_model(bench: Bench) -> str:
    """Load from a folder that is not there."""
    bench.once(offered)
    body = json.dumps({"model_name": "nowhere", "url": "/opt/ml/models/nowhere/model"}).encode()
    got = bench.request("POST", "/models", body, {"Content-Type": "application/json"})
    required(got.status >= 400, f"it answered {got}")
    listed = _pages(bench)
    required("nowhere" not in listed, "it lists the model that it could not load")
    return str(got.status)


@_multi_model("unload", "`DELETE /models/{name}` unloads it (200): 404 then, until loaded again")
def unload(bench: Bench) -> None:
    """Load one, unload it, load it again."""
    with _models(bench, _FIRST):
        gone = _unload(bench, _FIRST)
        required(gone.status == 200, f"DELETE answered {gone}")
        after = _invoke(bench, _FIRST)
        required(after.status == 404, f"the invocation after it was answered {after}")
        required(_FIRST not in _pages(bench), "it is still listed")
        again = _load(bench, _FIRST)
        required(again.status == 200, f"the second POST answered {again}")
        required(_invoke(bench, _FIRST).status == 200, "the model does not answer again")


@_multi_model("memory", "The memory of a model is free again when DELETE answers")
def memory_back(bench: Bench) -> str:
    """Sum the memory of all processes before, with and after a model; the first load warms up."""
    with _models(bench, _FIRST):
        _invoke(bench, _FIRST)
    pid = bench.pid
    before = memory(pid)
    with _models(bench, _FIRST):
        _invoke(bench, _FIRST)
        held = memory(pid) - before
        _unload(bench, _FIRST)
        left = memory(pid) - before
    if held < _MEASURABLE:
        raise Skipped(f"the model takes {held / _MEGABYTE:.1f} MiB: too little to be measured")
    said = f"{left / _MEGABYTE:.0f} of {held / _MEGABYTE:.0f} MiB are left"
    required(left <= held / 5, said)
    return said


@_multi_model("beside", "While one model loads, another answers")
def beside(bench: Bench) -> str:
    """Invoke one all the while that a second is loaded."""
    path = f"/models/{_FIRST}/invoke"
    with _models(bench, _FIRST):
        client = bench.client
        with loaded(
            client, bench.example, clients=2, timeout=bench.limits.answer, path=path
        ) as seen:
            began = time.monotonic()
            with _models(bench, _SECOND):
                taken = time.monotonic() - began
        statuses = seen.statuses()
        required(set(statuses) <= {"200", "429", "503"}, f"statuses meanwhile: {statuses}")
        slowest = max(request.done - request.sent for request in seen.requests)
    return f"slowest answer {slowest:.2f} s while loading for {taken:.1f} s"


@_multi_model(
    "eviction", "When memory runs out it answers 507, and loads after another is unloaded"
)
def eviction(bench: Bench) -> str:
    """Load models until 507 as SageMaker does, then unload the first one and try again."""
    held: list[str] = []
    try:
        for name in MODEL_NAMES:
            response = _load(bench, name)
            if response.status == 507:
                return _evict(bench, held, name)
            required(
                response.status == 200, f"model {len(held) + 1}: POST /models answered {response}"
            )
            held.append(name)
        raise Skipped(f"{len(held)} models were loaded and memory did not run out")
    finally:
        for name in held:
            _unload(bench, name)


def _evict(bench: Bench, held: list[str], name: str) -> str:
    count = len(held)
    required(held, "not even one model could be loaded")
    required(_invoke(bench, held[-1]).status == 200, "after 507 a loaded model does not answer")
    gone = _unload(bench, held.pop(0))
    required(gone.status == 200, f"DELETE answered {gone}")
    again = _load(bench, name)
    required(again.status == 200, f"after the unloading, POST /models answered {again}")
    held.append(name)
    required(_invoke(bench, name).status == 200, "the new model does not answer")
    return f"507 with {count} models loaded"
