"""The server's settings: read once from the environment, each with its meaning beside it."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class ConfigError(ValueError):
    """A setting in the environment is wrong; the message names it, its value and what is right."""


def _setting(variable: str, default: Any, parse: Callable[[str], Any], meaning: str) -> Any:
    """Declare a setting; `parse` raises ValueError with what is allowed."""
    metadata = {"variable": variable, "parse": parse, "meaning": meaning}
    return field(default=default, metadata=metadata)


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
    level = logging.getLevelName(text.upper())  # the number of a name; of none, a text
    if not isinstance(level, int):
        raise ValueError("DEBUG, INFO, WARNING, ERROR, CRITICAL, or a number from 0 to 50")  # noqa: TRY004
    return level


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment may set; `make docs` writes the metadata into docs/container.md."""

    port: int = _setting("SAGEMAKER_BIND_TO_PORT", 8080, _port, "The port to listen on.")
    host: str = _setting(
        "BERTH_BIND_HOST",
        "0.0.0.0",  # noqa: S104 - a container is reached from outside of it
        str,
        "The address to listen on.",
    )
    model_dir: Path = _setting(  # noqa: RUF009 - it returns a field
        "SM_MODEL_DIR", Path("/opt/ml/model"), Path, "The model's folder, which is only read."
    )
    manifest_sha256: str = _setting(
        "BERTH_MODEL_MANIFEST_SHA256",
        "",
        _digest,
        "The SHA-256 of the model's `SHA256SUMS`. If it is set, that list and every file in the "
        "folder are checked before anything of the model is imported or unpickled.",
    )
    skip_version_check: bool = _setting(
        "BERTH_SKIP_VERSION_CHECK",
        False,
        _flag,
        "`1` loads a model that was made with other versions than those here, with a warning.",
    )
    default_accept: str = _setting(
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
        "",
        str,
        "The content type of responses to requests whose Accept is missing or `*/*`. If it is "
        "unset, that is `application/json`, or JSON lines for a body of JSON lines.",
    )
    program: str = _setting(
        "SAGEMAKER_PROGRAM",
        "",
        str,
        "The file of the model's handlers. If it is unset, that is `inference.py`, if it exists.",
    )
    submit_directory: str = _setting(
        "SAGEMAKER_SUBMIT_DIRECTORY",
        "",
        str,
        "The folder of that file, as a path or `file://` URL. If it is unset, that is `code` in "
        "the model's folder.",
    )
    script_filename: str = _setting(
        "CUSTOM_SCRIPT_FILENAME",
        "",
        str,
        "The file of a handler by the names of AWS's model-hosting-container-standards, in the "
        "model's folder. If it is unset, that is `model.py`, if it exists.",
    )
    invocation_handler: str = _setting(
        "CUSTOM_FASTAPI_INVOCATION_HANDLER",
        "",
        str,
        "That handler, as `model:function` (of that file) or `file.py:function`. If it is unset, "
        "it is the function with the decorator, or `custom_sagemaker_invocation_handler`.",
    )
    batch_requests: bool = _setting(
        "BERTH_BATCH_REQUESTS",
        False,
        _flag,
        "`1` declares that an MLflow model works row by row: the rows of several requests are "
        "computed in one call of `predict`. This is checked with its input example.",
    )
    max_body_bytes: int = _setting(
        "BERTH_MAX_BODY_BYTES",
        25 * 1024 * 1024,
        _whole_number,
        "A request with a longer body is refused with 413.",
    )
    deadline_seconds: int = _setting(
        "BERTH_DEADLINE_SECONDS",
        60,
        _whole_number,
        "How long a request may take. One that would take longer is refused at once with 503 and "
        "`Retry-After`; one that has no response by then gets 504. SageMaker waits for 60 s; a "
        "batch transform or an asynchronous endpoint can be configured to wait longer.",
    )
    max_queue_tokens: int = _setting(
        "BERTH_MAX_QUEUE_TOKENS",
        1_000_000,
        _whole_number,
        "How many tokens may wait for a worker; requests beyond that get 503.",
    )
    max_queue_bytes: int = _setting(
        "BERTH_MAX_QUEUE_BYTES",
        256 * 1024 * 1024,
        _whole_number,
        "How many bytes of bodies may wait; requests beyond that get 503.",
    )
    read_seconds: int = _setting(
        "BERTH_READ_SECONDS",
        10,
        _whole_number,
        "A client that sends no part of its body for this long gets 408.",
    )
    workers: int = _setting(
        "SAGEMAKER_MODEL_SERVER_WORKERS",
        0,
        _whole_number,
        "How many processes load the model. If it is unset, one for each GPU; without a GPU, one "
        "for each core that affinity and cgroup grant, as far as memory allows.",
    )
    threads: int = _setting(
        "BERTH_THREADS",
        0,
        _whole_number,
        "How many threads a worker computes with on CPU. If it is unset, the workers share the "
        "cores.",
    )
    allow_cpu: bool = _setting(
        "BERTH_ALLOW_CPU",
        False,
        _flag,
        "`1` serves a model from CPU where there is a GPU that its torch cannot use; otherwise "
        "the server does not start, and says which driver and which CUDA do not match.",
    )
    cpu_precision: str = _setting(
        "BERTH_CPU_PRECISION",
        "float32",
        _precision,
        "`int8` computes the matrices of BERT and related models in 8 bits on CPU, which is "
        "faster and less exact. The results are the same on every CPU, with or without VNNI.",
    )
    batch_milliseconds: int = _setting(
        "BERTH_BATCH_MILLISECONDS",
        100,
        _whole_number,
        "How long a batch should take: under load, a batch has as many tokens as are computed in "
        "this time. No request waits for a batch to fill.",
    )
    hang_seconds: int = _setting(
        "BERTH_HANG_SECONDS",
        60,
        _whole_number,
        "A worker that computes one batch for longer is ended and replaced.",
    )
    session_seconds: int = _setting(
        "BERTH_SESSION_SECONDS",
        1200,
        _whole_number,
        "A stateful session ends when it has had no request for this long.",
    )
    multi_model: bool = _setting(
        "SAGEMAKER_MULTI_MODEL",
        False,
        _true_or_false,
        "`true` starts the server without a model; `POST /models` loads models into it.",
    )
    transform_job: bool = _setting(
        "SAGEMAKER_BATCH",
        False,
        _true_or_false,
        "`true`, as in a batch transform: an error's text does not say why a body is refused, as "
        "SageMaker writes it to the job's log; `BERTH_LOG_EXCEPTION_MESSAGES=1` has it do so.",
    )
    models_dir: Path = _setting(  # noqa: RUF009 - it returns a field
        "BERTH_MODELS_DIR",
        Path("/opt/ml/models"),
        Path,
        "The folder that holds the models of a multi-model endpoint.",
    )
    drain_seconds: int = _setting(
        "BERTH_DRAIN_SECONDS",
        25,
        _whole_number,
        "How long accepted requests may take to finish after SIGTERM. SageMaker kills the "
        "container after 30 s.",
    )
    log_level: int = _setting(
        "SAGEMAKER_CONTAINER_LOG_LEVEL",
        logging.INFO,
        _level,
        "The lowest level that is logged: a name (`INFO`) or Python's number for it (`20`).",
    )
    log_exception_messages: bool = _setting(
        "BERTH_LOG_EXCEPTION_MESSAGES",
        False,
        _flag,
        "`1` logs the messages of a model's exceptions, which often quote the request; otherwise "
        "the log has their types and frames alone.",
    )
    log_custom_attributes: bool = _setting(
        "BERTH_LOG_CUSTOM_ATTRIBUTES",
        False,
        _flag,
        "`1` adds the X-Amzn-SageMaker-Custom-Attributes of a request to its lines of the log.",
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an empty variable counts as unset, a wrong one is a ConfigError."""
        given = {}
        for setting in fields(cls):
            variable = setting.metadata["variable"]
            if text := environment.get(variable, ""):
                try:
                    given[setting.name] = setting.metadata["parse"](text)
                except ValueError as error:
                    raise ConfigError(f"{variable}={text!r}: must be {error}") from error
        return cls(**given)
