"""What transform jobs need of MiniStack's Step Functions, all of it here (pinned: 1.5.33).

It knows nothing of SageMaker, stops nothing that an execution waited for, and tells no metrics.
"""

import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from ministack import app
from ministack.services import stepfunctions

from localaws.sagemaker import ministack
from localaws.sagemaker.transform import task

NAMESPACE = "AWS/States"

_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
}

Document = dict[str, Any]

_abandoned: ContextVar[Callable[[], bool]] = ContextVar("abandoned", default=lambda: False)
"""Whether nobody waits any more for the task that is being carried out."""


def install() -> None:
    """Let state machines reach SageMaker; end the jobs of executions that end; tell metrics.

    AWS SDK integrations come with the names that AWS's Java SDK gives to errors.
    """
    sdk = {"target_prefix": "SageMaker", "protocol": "json"}
    stepfunctions._AWS_SDK_SERVICE_MAP["sagemaker"] = sdk
    stepfunctions._AWS_SDK_ERROR_PREFIX["sagemaker"] = "SageMaker"
    stepfunctions._AWS_SDK_ERROR_CODE_OVERRIDES["sagemaker"] = {
        "ResourceInUse": "ResourceInUseException",
        "ValidationException": "SageMakerException",
    }
    stepfunctions._SERVICE_DISPATCH[task.RESOURCE] = _transform
    stepfunctions._execute_task = _execute_task
    stepfunctions._invoke_resource_with_timeout = _invoke_with_timeout
    stepfunctions._emit_execution_status_event = _emit_status


def _transform(resource: str, parameters: Document) -> Document:
    try:
        return task.run(ministack.scope(), resource, parameters, _abandoned.get())
    except task.TaskFailedError as error:
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
    tell = partial(
        ministack.record_metric,
        ministack.scope(),
        namespace=NAMESPACE,
        name=_METRICS[execution["status"]],
        unit="Count",
        dimensions={"StateMachineArn": execution["stateMachineArn"]},
        counts={1.0: 1},
    )
    app._MAIN_LOOP.call_soon_threadsafe(tell)
