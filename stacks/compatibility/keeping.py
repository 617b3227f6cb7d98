"""What is watched, and what may be lost."""

from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding


def production_has_a_subscriber(stage: CheckedStage) -> Iterator[Finding]:
    """In production somebody gets the critical alarms.

    Source: AWS's Well-Architected machine learning lens, operational excellence.
    """
    if stage.settings.production and not stage.settings.alarms.critical_subscribers:
        yield stage.warn(
            "alarms.critical_subscribers", "nobody is notified of an outage; name an e-mail address"
        )


def captured_data_is_what_was_sent(stage: CheckedStage) -> Iterator[Finding]:
    """Data capture writes requests and responses as they are, before the container sees them.

    Source: SageMaker's guide, "Data capture" (model-monitor-data-capture-endpoint).
    """
    capture = stage.settings.capture
    if capture.percent:
        yield stage.warn(
            "capture.percent",
            "SageMaker writes these requests and responses to S3 as they are, personal data "
            "included, and nothing in the container can change that; they are deleted after "
            f"{capture.days} days (capture.days)",
        )


def drift_has_labels(stage: CheckedStage) -> Iterator[Finding]:
    """Drift is watched for each label that is named.

    Source: `[drift]` in stacks/settings/watching.py.
    """
    drift = stage.settings.drift
    if drift.enabled and drift.has_labels and not drift.labels:
        yield stage.warn(
            "drift.labels", 'no label\'s rate is watched; name some, as ["PER", "ORG"]'
        )
    if drift.enabled and drift.labels and not drift.has_labels:
        yield stage.warn(
            "drift.labels", f'without effect, as drift.task = "{drift.task}" has no labels'
        )


def deleting_data_takes_two_keys(stage: CheckedStage) -> Iterator[Finding]:
    """Data is deleted where both keys say so, and hardly ever in production.

    Source: `[data]` in stacks/settings/network.py.
    """
    data = stage.settings.data
    if data.may_be_deleted and stage.settings.production:
        yield stage.warn(
            "data.removal_policy", 'deleting the stack deletes production\'s data; keep "retain"'
        )
    elif data.removal_policy == "destroy" and not data.delete_data:
        yield stage.warn(
            "data.removal_policy",
            "data is kept all the same; data.delete_data = true is needed, too",
        )
