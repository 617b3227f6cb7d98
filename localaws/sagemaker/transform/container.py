"""The container of a transform job: how it is started, and how payloads are sent to it."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from localaws.home import default_home
from localaws.sagemaker import artifacts, logs, pools
from localaws.sagemaker.errors import HostingError
from localaws.sagemaker.instance import Instance, Program
from localaws.sagemaker.specs import VariantSpec, prepare
from localaws.sagemaker.transform.job import (
    GROUP,
    JobFailedError,
    JobStoppedError,
    ObjectFailedError,
    TransformJob,
)
from localaws.scope import Document

DEFAULT_TIMEOUT_SECONDS, DEFAULT_RETRIES = 600, 3
"""ModelClientConfig's defaults (botocore's model)."""

_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}


def _folder(job: TransformJob) -> Path:
    return default_home() / "transform-jobs" / job.scope.account / job.scope.region / job.name


def models_of(job: TransformJob) -> Path:
    """Where a job's model lies while it runs."""
    return _folder(job) / "models"


def program(job: TransformJob) -> Program:
    """Fetch the model; return the program that serves it.

    Raises JobFailedError where it cannot be, and JobStoppedError where the job shall end.
    """
    if job.stopping.is_set():
        raise JobStoppedError
    given = {**job.container.get("Environment", {}), **job.properties.get("Environment", {})}
    container = {**job.container, "Environment": {**given, **_environment(job.properties)}}
    asked = {
        "InstanceType": job.properties["TransformResources"]["InstanceType"],
        "ModelName": job.properties["ModelName"],
    }
    spec = VariantSpec({"VariantName": job.name}, container, job.isolated, pools.choose(asked))
    models = models_of(job)
    artifacts.remove(models)  # a killed emulator may have left a job of this name
    models.mkdir(parents=True)
    try:
        prepared = prepare(job.scope, job.name, spec, models)
    except HostingError as error:
        raise JobFailedError(f"ClientError: {error}") from error
    return dataclasses.replace(prepared, logs=_folder(job) / "logs")


def _environment(request: Document) -> dict[str, str]:
    """What SageMaker tells a container of its job: the last three only where the user gave them.

    Source: your-algorithms-batch-code.
    """
    suggested = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": request.get("MaxPayloadInMB"),
        "SAGEMAKER_BATCH_STRATEGY": _STRATEGIES.get(request.get("BatchStrategy", "")),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": request.get("MaxConcurrentTransforms") or None,
    }
    given = {name: str(value) for name, value in suggested.items() if value is not None}
    return {"SAGEMAKER_BATCH": "true", **given}


@dataclass(frozen=True)
class Parameters:
    """How a job's payloads are made and sent."""

    concurrent: int
    payload_bytes: int
    single: bool

    @classmethod
    def of(cls, job: TransformJob) -> "Parameters":
        """The values of the job, else those of its container, else SageMaker's defaults."""
        request = job.properties
        values: Document = {"MaxConcurrentTransforms": 1, "MaxPayloadInMB": 6, "BatchStrategy": ""}
        values |= _suggested(job.instances[0])
        values |= {name: request[name] for name in values if request.get(name)}
        strategy = values["BatchStrategy"]
        return cls(
            values["MaxConcurrentTransforms"],
            values["MaxPayloadInMB"] * 2**20,
            _STRATEGIES.get(strategy, strategy) == "SINGLE_RECORD",
        )


def start(job: TransformJob, running: Program) -> None:
    """Start one more instance of the program for the job; return once it passes `/ping`.

    Raises JobFailedError where it does not, and JobStoppedError where the job shall end.
    """
    instance = Instance(running)
    job.instances.append(instance)
    logs.ship(job.scope, GROUP, instance)
    try:
        instance.wait_until_healthy(job.stopping)
    except HostingError as error:
        if job.stopping.is_set():
            raise JobStoppedError from None
        raise JobFailedError(
            "AlgorithmError: Model container failed to respond to ping. Please ensure /ping"
            " endpoint is implemented and responds with an HTTP 200 status code\n"
            f"{instance.last_lines()}"
        ) from error


def _suggested(instance: Instance) -> Document:
    """The response of `/execution-parameters`; empty where the container has no such path."""
    try:
        response = httpx.get(
            f"http://127.0.0.1:{instance.port}/execution-parameters", timeout=10, trust_env=False
        )
        suggested = response.json() if response.status_code == 200 else {}
    except (httpx.HTTPError, json.JSONDecodeError):
        return {}
    return suggested if isinstance(suggested, dict) else {}


class ContainerClient:
    """Sends a job's payloads to one instance; several threads may use it."""

    def __init__(self, job: TransformJob, instance: Instance) -> None:
        request = job.properties
        limits = request.get("ModelClientConfig", {})
        timeout = limits.get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT_SECONDS)
        # An idle connection is given up before a usual server's own keep-alive (5 s) ends.
        idle = httpx.Limits(keepalive_expiry=2.0)
        self._http = httpx.Client(timeout=timeout, limits=idle, trust_env=False)
        self._attempts = 1 + limits.get("InvocationsMaxRetries", DEFAULT_RETRIES)
        self._url = f"http://127.0.0.1:{instance.port}/invocations"
        self._stopping = job.stopping
        given = {
            "content-type": request["TransformInput"].get("ContentType"),
            "accept": request["TransformOutput"].get("Accept"),
        }
        self._headers: Mapping[str, str] = {key: value for key, value in given.items() if value}

    def close(self) -> None:
        """Give up the connections."""
        self._http.close()

    def ask(self, payload: bytes) -> bytes:
        """The container's response; the request is repeated where the fault may pass.

        Raises ObjectFailedError where there is none to store, and JobStoppedError where the job
        shall end.
        """
        failure = ObjectFailedError("AlgorithmError", "Unable to get response from algorithm")
        for _ in range(self._attempts):
            if self._stopping.is_set():
                break
            try:
                response = self._http.post(self._url, content=payload, headers=self._headers)
            except httpx.HTTPError as error:
                message = f"Unable to get response from algorithm: {type(error).__name__} {error}"
                failure = ObjectFailedError("AlgorithmError", message.strip())
                continue
            status = response.status_code
            if status == 200:
                return response.content
            message = f"Bad HTTP status received from algorithm: {status}"
            failure = ObjectFailedError(
                "ClientError" if status < 500 else "AlgorithmError",
                f"{message}\n\nMessage:\n{response.text}",
            )
            if status < 500:
                raise failure
        if self._stopping.is_set():
            raise JobStoppedError
        raise failure
