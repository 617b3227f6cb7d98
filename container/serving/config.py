"""The server's settings: read once from the environment, each with its meaning beside it."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class ConfigError(ValueError):
    """A setting in the environment is wrong; the message names it, its value and what is right."""


def _from(variable: str, parse: Callable[[str], Any], meaning: str) -> dict[str, Any]:
    """Say where a setting comes from; `parse` raises ValueError with what is allowed."""
    return {"variable": variable, "parse": parse, "meaning": meaning}


def _whole_number(text: str, high: int = 2**40) -> int:
    if not (re.fullmatch("[0-9]{1,13}", text) and 1 <= int(text) <= high):
        raise ValueError(f"a whole number from 1 to {high}")
    return int(text)


def _port(text: str) -> int:
    return _whole_number(text, high=65535)


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("0 or 1")
    return text == "1"


def _true_or_false(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("true or false")
    return text.lower() == "true"


def _precision(text: str) -> str:
    if text not in {"float32", "int8"}:
        raise ValueError("float32 or int8")
    return text


def _digest(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError("a SHA-256 in 64 lower-case hexadecimal digits")
    return text


def _level(text: str) -> int:
    if re.fullmatch("[0-9]|[1-4][0-9]|50", text):
        return int(text)
    names = logging.getLevelNamesMapping()
    if text.upper() not in names:
        raise ValueError("DEBUG, INFO, WARNING, ERROR, CRITICAL, or a number from 0 to 50")
    return names[text.upper()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment may say; `make docs` writes their metadata into docs/container.md."""

    port: int = field(
        default=8080,
        metadata=_from("SAGEMAKER_BIND_TO_PORT", _port, "The port to listen on."),
    )
    host: str = field(
        default="0.0.0.0",  # noqa: S104 - a container is reached from outside of it
        metadata=_from("BERTH_BIND_HOST", str, "The address to listen on."),
    )
    model_dir: Path = field(
        default=Path("/opt/ml/model"),
        metadata=_from("SM_MODEL_DIR", Path, "The model's folder; it is only read."),
    )
    manifest_sha256: str = field(
        default="",
        metadata=_from(
            "BERTH_MODEL_MANIFEST_SHA256",
            _digest,
            "SHA-256 of the model's `SHA256SUMS`. When set, that list and every file in the "
            "folder are checked before anything of the model is imported or unpickled.",
        ),
    )
    skip_version_check: bool = field(
        default=False,
        metadata=_from(
            "BERTH_SKIP_VERSION_CHECK",
            _flag,
            "`1` loads the model with a warning although the versions that it was made with "
            "differ from those here.",
        ),
    )
    default_accept: str = field(
        default="",
        metadata=_from(
            "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
            str,
            "The type of answers where Accept is missing or leaves it open; unset, it is "
            "`application/json`, and JSON lines for a body of JSON lines.",
        ),
    )
    program: str = field(
        default="",
        metadata=_from(
            "SAGEMAKER_PROGRAM",
            str,
            "The file of the model's handlers; unset, it is `inference.py` where there is one.",
        ),
    )
    submit_directory: str = field(
        default="",
        metadata=_from(
            "SAGEMAKER_SUBMIT_DIRECTORY",
            str,
            "The folder of that file, also as `file://`; unset, it is `code` in the model's.",
        ),
    )
    batch_requests: bool = field(
        default=False,
        metadata=_from(
            "BERTH_BATCH_REQUESTS",
            _flag,
            "`1` lets texts of several requests share one call of an MLflow model's `predict`, "
            "which must return one prediction for each of them.",
        ),
    )
    max_body_bytes: int = field(
        default=25 * 1024 * 1024,
        metadata=_from(
            "BERTH_MAX_BODY_BYTES", _whole_number, "A longer request is answered with 413."
        ),
    )
    deadline_seconds: int = field(
        default=60,
        metadata=_from(
            "BERTH_DEADLINE_SECONDS",
            _whole_number,
            "When a request must have its answer. One that cannot is refused at once with 503 and "
            "`Retry-After`; one that has none by then gets 504. SageMaker waits for 60 s; a batch "
            "transform or an asynchronous endpoint may be told to wait longer.",
        ),
    )
    max_queue_tokens: int = field(
        default=1_000_000,
        metadata=_from(
            "BERTH_MAX_QUEUE_TOKENS",
            _whole_number,
            "How many tokens may wait for a worker; what comes beyond is answered with 503.",
        ),
    )
    max_queue_bytes: int = field(
        default=256 * 1024 * 1024,
        metadata=_from(
            "BERTH_MAX_QUEUE_BYTES",
            _whole_number,
            "How many bytes of bodies may wait; what comes beyond is answered with 503.",
        ),
    )
    read_seconds: int = field(
        default=10,
        metadata=_from(
            "BERTH_READ_SECONDS",
            _whole_number,
            "A client that sends nothing of its body for so long gets 408.",
        ),
    )
    workers: int = field(
        default=0,
        metadata=_from(
            "SAGEMAKER_MODEL_SERVER_WORKERS",
            _whole_number,
            "How many processes have a copy of the model. Unset: one for each GPU, or as many as "
            "are fastest on the cores that affinity and cgroup grant.",
        ),
    )
    threads: int = field(
        default=0,
        metadata=_from(
            "BERTH_THREADS",
            _whole_number,
            "The threads that a worker computes with on CPU. Unset: the cores, shared by the "
            "workers.",
        ),
    )
    cpu_precision: str = field(
        default="float32",
        metadata=_from(
            "BERTH_CPU_PRECISION",
            _precision,
            "`int8` computes the matrices of BERT and its like in 8 bits on CPU: faster, and less "
            "exact. It is right on every CPU, with VNNI or without.",
        ),
    )
    batch_milliseconds: int = field(
        default=100,
        metadata=_from(
            "BERTH_BATCH_MILLISECONDS",
            _whole_number,
            "How long a batch should take: under load, as many tokens go into one as are computed "
            "in this time. Nothing waits for a batch to fill.",
        ),
    )
    hang_seconds: int = field(
        default=60,
        metadata=_from(
            "BERTH_HANG_SECONDS",
            _whole_number,
            "A worker that computes one batch for longer is ended and replaced.",
        ),
    )
    session_seconds: int = field(
        default=1200,
        metadata=_from(
            "BERTH_SESSION_SECONDS",
            _whole_number,
            "A stateful session that gets no request for so long ends.",
        ),
    )
    multi_model: bool = field(
        default=False,
        metadata=_from(
            "SAGEMAKER_MULTI_MODEL",
            _true_or_false,
            "`true` starts without a model, and serves those that `POST /models` loads.",
        ),
    )
    models_dir: Path = field(
        default=Path("/opt/ml/models"),
        metadata=_from(
            "BERTH_MODELS_DIR", Path, "Where the folders of a multi-model endpoint must lie."
        ),
    )
    drain_seconds: int = field(
        default=25,
        metadata=_from(
            "BERTH_DRAIN_SECONDS",
            _whole_number,
            "How long accepted requests may take to finish after SIGTERM. SageMaker kills the "
            "container after 30 s.",
        ),
    )
    log_level: int = field(
        default=logging.INFO,
        metadata=_from(
            "SAGEMAKER_CONTAINER_LOG_LEVEL",
            _level,
            "The least level to log: a name (`INFO`) or Python's number for it (`20`).",
        ),
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an empty variable counts as unset.

        Raises:
            ConfigError: for the first value that is not allowed.
        """
        given = {}
        for setting in fields(cls):
            variable = setting.metadata["variable"]
            if text := environment.get(variable, ""):
                try:
                    given[setting.name] = setting.metadata["parse"](text)
                except ValueError as error:
                    raise ConfigError(f"{variable}={text!r}: must be {error}") from error
        return cls(**given)
