"""The multi-model API, from loading to eviction."""

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
    """Whether it serves the multi-model API; skips the case where it need not."""
    error = "it does not start" if bench.startup.error else None
    if error is None:
        response = bench.request("GET", "/models")
        if response.status == 200:
            return True
        error = f"GET /models answered {response.status}"
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
            response.require_200("POST /models answered")
            loaded_names.append(name)
        yield
    finally:
        for name in loaded_names:
            _unload(bench, name)


def _multi_model(id: str) -> Callable[[Check], Check]:
    return case(f"multi-model.{id}", Need.OPTIONAL, MULTI_MODEL, setup=Setup.MULTI_MODEL)


@_multi_model("start")
def start(bench: Bench) -> None:
    """With no model loaded, `/ping` passes and `GET /models` returns an empty list."""
    bench.once(offered)
    bench.ping().require_200("/ping answered")
    listed = bench.request("GET", "/models").json
    required(isinstance(listed, dict) and listed.get("models") == [], f"it lists {listed}")


@_multi_model("load")
def load(bench: Bench) -> str:
    """`POST /models` loads a model (200), which then answers invocations."""
    began = time.monotonic()
    with _models(bench, _FIRST):
        taken = time.monotonic() - began
        _invoke(bench, _FIRST).require_200("the invocation:")
    return f"loaded in {taken:.1f} s"


@_multi_model("list")
def listing(bench: Bench) -> None:
    """`GET /models` and `GET /models/{name}` return the models' names and URLs."""
    with _models(bench, _FIRST, _SECOND):
        listed = _pages(bench)
        wanted = {name: _url(bench, name) for name in (_FIRST, _SECOND)}
        required(listed == wanted, f"it lists {listed}, not {wanted}")
        one = bench.request("GET", f"/models/{_FIRST}")
        one.require_200("GET /models/{name} answered")
        entry = one.json[0] if isinstance(one.json, list) else one.json
        required(entry.get("modelName") == _FIRST, f"GET /models/{{name}} answered {one}")


@_multi_model("paging")
def paging(bench: Bench) -> str | None:
    """With pages of one model, `next_page_token` leads through all models.

    A container need not honour `limit`, which multi-model-server knows.
    """
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
        response.require_200(f"GET /models{query} answered")
        page = response.json
        for entry in page["models"]:
            required(entry["modelName"] not in listed, f"{entry['modelName']} is on two pages")
            listed[entry["modelName"]] = entry["modelUrl"]
        if not (token := page.get("nextPageToken")):
            return listed
        query = f"?next_page_token={quote(str(token))}{wish}"
    raise Failed("the pages do not end")


@_multi_model("conflict")
def conflict(bench: Bench) -> None:
    """Loading a model a second time is refused with 409 and changes nothing."""
    with _models(bench, _FIRST):
        again = _load(bench, _FIRST)
        required(again.status == 409, f"it answered {again}")
        _invoke(bench, _FIRST).require_200("the invocation after it:")


@_multi_model("unknown")
def unknown(bench: Bench) -> None:
    """GET, DELETE and invoke of a model that is not loaded get 404."""
    bench.once(offered)
    name = "never-loaded"
    responses = {
        "GET": bench.request("GET", f"/models/{name}"),
        "DELETE": _unload(bench, name),
        "invoke": _invoke(bench, name),
    }
    wrong = {verb: got.status for verb, got in responses.items() if got.status != 404}
    required(not wrong, f"it answered {wrong}")


@_multi_model("no-model")
def no_model(bench: Bench) -> str:
    """Loading from a folder that does not exist fails and leaves nothing behind."""
    bench.once(offered)
    body = json.dumps({"model_name": "nowhere", "url": "/opt/ml/models/nowhere/model"}).encode()
    got = bench.request("POST", "/models", body, {"Content-Type": "application/json"})
    required(got.status >= 400, f"it answered {got}")
    listed = _pages(bench)
    required("nowhere" not in listed, "it lists the model that it could not load")
    return str(got.status)


@_multi_model("unload")
def unload(bench: Bench) -> None:
    """`DELETE /models/{name}` unloads a model (200): 404 until it is loaded again."""
    with _models(bench, _FIRST):
        _unload(bench, _FIRST).require_200("DELETE answered")
        after = _invoke(bench, _FIRST)
        required(after.status == 404, f"the invocation after it: {after}")
        required(_FIRST not in _pages(bench), "it is still listed")
        _load(bench, _FIRST).require_200("the second POST answered")
        _invoke(bench, _FIRST).require_200("the invocation after that:")


@_multi_model("memory")
def memory_back(bench: Bench) -> str:
    """The memory of a model is free by the time that DELETE responds.

    The first load warms the container up.
    """
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


@_multi_model("beside")
def beside(bench: Bench) -> str:
    """While one model loads, another serves requests."""
    path = f"/models/{_FIRST}/invoke"
    with _models(bench, _FIRST):
        client = bench.client
        with loaded(
            client, bench.example, clients=2, timeout=bench.limits.response, path=path
        ) as seen:
            began = time.monotonic()
            with _models(bench, _SECOND):
                taken = time.monotonic() - began
        statuses = seen.statuses()
        required(set(statuses) <= {"200", "429", "503"}, f"statuses meanwhile: {statuses}")
        slowest = max(request.done - request.sent for request in seen.requests)
    return f"slowest response {slowest:.2f} s while loading for {taken:.1f} s"


@_multi_model("eviction")
def eviction(bench: Bench) -> str:
    """When memory runs out, loading gets 507; it succeeds once another is unloaded.

    SageMaker reacts to 507 in this way.
    """
    held: list[str] = []
    try:
        for name in MODEL_NAMES:
            response = _load(bench, name)
            if response.status == 507:
                return _evict(bench, held, name)
            response.require_200(f"model {len(held) + 1}: POST /models answered")
            held.append(name)
        raise Skipped(f"{len(held)} models were loaded and memory did not run out")
    finally:
        for name in held:
            _unload(bench, name)


def _evict(bench: Bench, held: list[str], name: str) -> str:
    count = len(held)
    required(held, "not even one model could be loaded")
    _invoke(bench, held[-1]).require_200("after 507, a loaded model answered")
    _unload(bench, held.pop(0)).require_200("DELETE answered")
    _load(bench, name).require_200("after the unloading, POST /models answered")
    held.append(name)
    _invoke(bench, name).require_200("the new model answered")
    return f"507 with {count} models loaded"
