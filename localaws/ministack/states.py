"""MiniStack's Step Functions: tasks of ours added, abandoned tasks noticed, metrics published.

MiniStack knows nothing of SageMaker, stops nothing that an execution waited for, and publishes no
metrics.
"""

import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from ministack.services import stepfunctions

from localaws.ministack.cloudwatch import record_metric
from localaws.ministack.services import on_event_loop, scope
from localaws.scope import Document

_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
}

_abandoned: ContextVar[Callable[[], bool]] = ContextVar("abandoned", default=lambda: False)
"""Whether the task that is being carried out is no longer waited for."""


class TaskFailedError(Exception):
    """A task failed: the error name that Retry and Catch match, and its cause."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


Task = Callable[[str, Document, Callable[[], bool]], Document]
"""Carries out (resource, parameters, abandoned); raises TaskFailedError."""


def add_sagemaker(resource: str, task: Task) -> None:
    """Add SageMaker's optimized integration of that resource, and its AWS SDK integrations.

    AWS SDK integrations have the names that AWS's Java SDK gives to errors.
    """
    sdk = {"target_prefix": "SageMaker", "protocol": "json"}
    stepfunctions._AWS_SDK_SERVICE_MAP["sagemaker"] = sdk
    stepfunctions._AWS_SDK_ERROR_PREFIX["sagemaker"] = "SageMaker"
    stepfunctions._AWS_SDK_ERROR_CODE_OVERRIDES["sagemaker"] = {
        "ResourceInUse": "ResourceInUseException",
        "ValidationException": "SageMakerException",
    }
    stepfunctions._SERVICE_DISPATCH[resource] = partial(_carry_out, task)
    stepfunctions._execute_task = _execute_task
    stepfunctions._invoke_resource_with_timeout = _invoke_with_timeout
    stepfunctions._emit_execution_status_event = _emit_status


def _carry_out(task: Task, resource: str, parameters: Document) -> Document:
    try:
        return task(resource, parameters, _abandoned.get())
    except TaskFailedError as error:
        raise stepfunctions._ExecutionError(error.error, error.cause) from error


_execute_any_task = stepfunctions._execute_task
_invoke_any_with_timeout = stepfunctions._invoke_resource_with_timeout
_emit_status_event = stepfunctions._emit_execution_status_event


def _execute_task(state: Document, given: Any, execution: Document, context: Document) -> Any:
    token = _abandoned.set(lambda: bool(execution["status"] != "RUNNING"))
    try:
        return _execute_any_task(state, given, execution, context)
    finally:
        _abandoned.reset(token)


def _invoke_with_timeout(resource: str, parameters: Document, seconds: float) -> Any:
    over, before = threading.Event(), _abandoned.get()
    token = _abandoned.set(lambda: over.is_set() or before())
    try:
        return _invoke_any_with_timeout(resource, parameters, seconds)
    finally:
        over.set()
        _abandoned.reset(token)


def _emit_status(execution: Document) -> None:
    _emit_status_event(execution)
    publish = partial(
        record_metric,
        scope(),
        namespace="AWS/States",
        name=_METRICS[execution["status"]],
        unit="Count",
        dimensions={"StateMachineArn": execution["stateMachineArn"]},
        counts={1.0: 1},
    )
    on_event_loop(publish)
