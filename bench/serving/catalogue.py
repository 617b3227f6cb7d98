"""The servers that are measured: ours, and the peers at the settings that serve them best."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .servers import ROOT, Server, Span, entities

AGGREGATION = "simple"


ON_A_GPU = 4  # workers that share it: more of them hold as many copies, and wait for each other


def catalogue(cores: int, *, gpu: bool = False) -> list[Server]:
    """All servers, for a machine with that many cores, or one GPU."""
    workers = min(cores, ON_A_GPU) if gpu else cores
    return [
        ours(),
        *(_fastapi(number, cores) for number in (2, 4)),
        _flask(workers, cores),
        *(_litserve(number, batch, cores) for number, batch in ((workers, 8), (1, 32))),
        _mlflow(workers, cores),
        _multi_model_server(workers, cores),
    ]


def ours() -> Server:
    """The server of this project, as SageMaker starts it."""
    return Server(
        name="berth",
        family="berth",
        command=(str(ROOT / "container" / "entrypoint.sh"), "serve"),
        environment={
            "SM_MODEL_DIR": "{model}",
            "SAGEMAKER_BIND_TO_PORT": "{port}",
            "BERTH_BIND_HOST": "127.0.0.1",
        },
        body=_text,
        read=_predictions,
    )


def given(command: str, path: str = "/invocations", ping: str = "/ping") -> Server:
    """A server of which nothing is known but its start command; it takes the bodies ours takes."""
    return Server(
        name="given",
        family="given",
        command=("/bin/sh", "-c", "exec " + command),
        body=_text,
        read=_predictions,
        path=path,
        ping=ping,
    )


def _text(text: str) -> bytes:
    return json.dumps({"text": text}).encode()


def _inputs(text: str) -> bytes:
    return json.dumps({"inputs": [text]}).encode()


def _predictions(answer: bytes) -> list[Span]:
    return entities(json.loads(answer)["predictions"])


def _threads(workers: int, cores: int) -> dict[str, str]:
    """As many threads for each worker as leave every core to one."""
    threads = str(max(1, cores // workers))
    return {
        "BENCH_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "BENCH_AGGREGATION": AGGREGATION,
    }


def _fastapi(workers: int, cores: int) -> Server:
    return Server(
        name=f"FastAPI, {workers} workers",
        family="FastAPI",
        requirements="fastapi",
        command=(
            *("uvicorn", "bench.serving.peers.fastapi_app:app"),
            *("--host", "127.0.0.1", "--port", "{port}", "--workers", str(workers)),
            *("--no-access-log", "--log-level", "warning", "--backlog", "2048"),
            *("--loop", "uvloop", "--http", "httptools"),
        ),
        environment=_threads(workers, cores),
        body=_text,
        read=_predictions,
    )


def _flask(workers: int, cores: int) -> Server:
    return Server(
        name=f"Flask, gunicorn, {workers} workers",
        family="Flask",
        requirements="flask",
        command=(
            *("gunicorn", "bench.serving.peers.flask_app:app"),
            *("--bind", "127.0.0.1:{port}", "--workers", str(workers)),
            *("--worker-class", "gthread", "--threads", "1", "--keep-alive", "60"),
            *("--timeout", "120", "--log-level", "warning"),
        ),
        environment=_threads(workers, cores),
        body=_text,
        read=_predictions,
    )


def _litserve(workers: int, batch: int, cores: int) -> Server:
    return Server(
        name=f"LitServe, {workers} workers, batches of {batch}",
        family="LitServe",
        requirements="litserve",
        command=("python", "-m", "bench.serving.peers.litserve_app"),
        environment={
            **_threads(workers, cores),
            "BENCH_WORKERS": str(workers),
            "BENCH_BATCH": str(batch),
            "BENCH_BATCH_SECONDS": "0.01",
        },
        body=_text,
        read=_predictions,
    )


def _mlflow(workers: int, cores: int) -> Server:
    return Server(
        name=f"MLflow, {workers} workers",
        family="MLflow",
        requirements="mlflow",
        prepare=_log_model,
        command=(
            *("mlflow", "models", "serve", "--model-uri", "{scratch}/model"),
            *("--host", "127.0.0.1", "--port", "{port}"),
            *("--workers", str(workers), "--env-manager", "local"),
        ),
        environment=_threads(workers, cores),
        body=_inputs,
        read=_predictions,
    )


def _log_model(_: Path, scratch: Path, variables: Mapping[str, str]) -> None:
    subprocess.run(
        ["python", "-m", "bench.serving.peers.mlflow_model", str(scratch / "model")],
        cwd=ROOT,
        env=dict(variables),
        check=True,
        capture_output=True,
    )


def _multi_model_server(workers: int, cores: int) -> Server:
    return Server(
        name=f"multi-model-server, {workers} workers",
        family="multi-model-server",
        requirements="multi_model_server",
        prepare=_archive,
        command=(
            *("multi-model-server", "--start", "--foreground"),
            *("--mms-config", "{scratch}/mms.properties", "--model-store", "{scratch}/models"),
            *("--log-config", "{scratch}/log4j2.xml"),
            *("--models", "model=model"),
        ),
        environment={
            **_threads(workers, cores),
            "JAVA_TOOL_OPTIONS": "-Djava.io.tmpdir={scratch}",
            "BENCH_WORKERS": str(workers),
        },
        body=_text,
        read=_predictions,
    )


_MANIFEST = {
    "specificationVersion": "1.0",
    "implementationVersion": "1.0",
    "modelServerVersion": "1.0",
    "runtime": "python",
    "model": {"modelName": "model", "handler": "bench.serving.peers.sagemaker_handler"},
}


# Only what goes wrong: a line for each request costs time.
_LOG = """<Configuration>
  <Appenders><Console name="out"><PatternLayout pattern="%p %c - %m%n"/></Console></Appenders>
  <Loggers><Root level="warn"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


def _archive(_: Path, scratch: Path, variables: Mapping[str, str]) -> None:
    folder = scratch / "models" / "model" / "MAR-INF"
    folder.mkdir(parents=True)
    (folder / "MANIFEST.json").write_text(json.dumps(_MANIFEST))
    port = variables["BENCH_PORT"]
    settings = {
        "inference_address": f"http://127.0.0.1:{port}",
        "management_address": f"http://127.0.0.1:{port}",
        "default_workers_per_model": variables["BENCH_WORKERS"],
        "job_queue_size": 1000,
        "decode_input_request": "false",
        "async_logging": "true",
        "vmargs": "-Xmx512m",
    }
    lines = "".join(f"{key}={value}\n" for key, value in settings.items())
    (scratch / "mms.properties").write_text(lines)
    (scratch / "log4j2.xml").write_text(_LOG)
