"""Anomaly detectors, stored and described. No model is trained, so no band is evaluated."""

import uuid
from collections.abc import Callable

from localaws import validation
from localaws.json_api import AwsError
from localaws.ministack.services import regional_store
from localaws.scope import Document

_SINGLE = ("Namespace", "MetricName", "Dimensions", "Stat")
_detectors = regional_store()


def put(request: Document) -> Document:
    """PutAnomalyDetector; validation.Invalid where it does not say what to watch."""
    validation.validate("cloudwatch", "PutAnomalyDetector", request)
    watched = _watched(request)
    found = next((one for one in _detectors.values() if _watched(one) == watched), None)
    identity = found["AnomalyDetectorId"] if found else str(uuid.uuid4())
    extras: Document = {
        key: request[key] for key in ("Configuration", "MetricCharacteristics") if key in request
    }
    single: Document = watched.get("SingleMetricAnomalyDetector", {})
    kept: Document = {"AnomalyDetectorId": identity, "StateValue": "PENDING_TRAINING"}
    _detectors[identity] = {**kept, **single, **watched, **extras}
    return {"AnomalyDetectorId": identity}


def describe(request: Document) -> Document:
    """DescribeAnomalyDetectors, all on one page."""
    validation.validate("cloudwatch", "DescribeAnomalyDetectors", request)
    wanted = {key: request[key] for key in _SINGLE if request.get(key)}
    ids = request.get("AnomalyDetectorIds")
    return {
        "AnomalyDetectors": [
            one
            for one in _detectors.values()
            if (not ids or one["AnomalyDetectorId"] in ids)
            and all(one.get(key) == value for key, value in wanted.items())
        ]
    }


def delete(request: Document) -> Document:
    """DeleteAnomalyDetector, by its id or by what it watches; AwsError where there is none."""
    validation.validate("cloudwatch", "DeleteAnomalyDetector", request)
    watched = {} if "AnomalyDetectorId" in request else _watched(request)
    for identity, one in list(_detectors.items()):
        if identity == request.get("AnomalyDetectorId") or _watched(one) == watched:
            del _detectors[identity]
            return {}
    message = "The anomaly detector does not exist."
    raise AwsError("ResourceNotFoundException", message, status=404)


def _watched(request: Document) -> Document:
    if "MetricMathAnomalyDetector" in request:
        return {"MetricMathAnomalyDetector": request["MetricMathAnomalyDetector"]}
    single: Document = request.get("SingleMetricAnomalyDetector") or {
        key: request[key] for key in _SINGLE if key in request
    }
    if not {"Namespace", "MetricName", "Stat"} <= single.keys():
        raise validation.Invalid(
            "An anomaly detector needs MetricMathAnomalyDetector or Namespace, MetricName and Stat."
        )
    return {"SingleMetricAnomalyDetector": single}


OPERATIONS: dict[str, Callable[[Document], Document]] = {
    "PutAnomalyDetector": put,
    "DescribeAnomalyDetectors": describe,
    "DeleteAnomalyDetector": delete,
}
