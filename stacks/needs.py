"""What a stage's execution role needs, by its mode."""

from collections.abc import Sequence

import aws_cdk as cdk

from stacks.compatibility import has_local_storage
from stacks.constructs.execution_role import RoleNeeds
from stacks.settings import StageSettings
from stacks.storage import StorageStack


def encrypts_volumes(instance_types: Sequence[str]) -> bool:
    """Whether instance storage can have the stage's key: not where a type has disks of its own.

    Those encrypt themselves in hardware, and CreateEndpointConfig refuses a key for them.
    """
    return bool(instance_types) and not any(map(has_local_storage, instance_types))


def role_needs(
    settings: StageSettings,
    storage: StorageStack,
    *,
    instance_types: Sequence[str],
    subnet_ids: Sequence[str],
    security_group_ids: Sequence[str],
) -> RoleNeeds:
    """Beside image, model and metrics."""
    bucket = f"arn:{cdk.Stack.of(storage).partition}:s3:::{storage.bucket.bucket_name}"
    reads, writes, topics = [], [], []
    if settings.mode == "batch":
        reads, writes = ["batch/input/*"], ["batch/output/*"]
    if settings.mode == "async":
        reads, writes = ["async/input/*"], ["async/*"]
        topics = [storage.successes.topic_arn, storage.errors.topic_arn]
    if settings.capture.percent:
        writes.append("capture/*")
    if settings.endpoint.core_dumps:
        writes.append("core-dumps/*")
    volumes = encrypts_volumes(instance_types)
    uses_key = bool(reads or writes or volumes or settings.mode == "multi-model")
    return RoleNeeds(
        bucket_arn=bucket,
        reads=reads,
        writes=writes,
        publishes_to=topics,
        key_arn=storage.key.key_arn if uses_key else None,
        encrypts_volumes=volumes,
        describes_alarms=settings.mode in ("real-time", "async", "multi-model"),
        # All transform jobs of an account log to one group, which is not a stage's to make.
        creates_log_group=settings.mode == "batch",
        subnet_ids=subnet_ids,
        security_group_ids=security_group_ids,
    )
