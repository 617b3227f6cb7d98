"""What a stage's execution role may do, by its mode."""

from collections.abc import Sequence

import aws_cdk as cdk

from stacks.constructs.execution_role import RolePermissions
from stacks.stage_plan import StagePlan
from stacks.storage import StorageStack


def role_permissions(
    plan: StagePlan,
    storage: StorageStack,
    *,
    subnet_ids: Sequence[str],
    security_group_ids: Sequence[str],
) -> RolePermissions:
    """Beside image, model and metrics."""
    mode, settings = plan.mode, plan.settings
    reads, writes, topics = [], [], []
    if not mode.has_endpoint:
        reads, writes = ["batch/input/*"], ["batch/output/*"]
    if mode.has_queue:
        reads, writes = ["async/input/*"], ["async/*"]
        topics = [storage.successes.topic_arn, storage.errors.topic_arn]
    if settings.capture.percent:
        writes.append("capture/*")
    if settings.endpoint.core_dumps:
        writes.append("core-dumps/*")
    uses_key = bool(reads or writes or plan.encrypts_volumes or mode.has_archives)
    return RolePermissions(
        bucket_arn=f"arn:{cdk.Stack.of(storage).partition}:s3:::{storage.bucket.bucket_name}",
        reads=reads,
        writes=writes,
        publishes_to=topics,
        key_arn=storage.key.key_arn if uses_key else None,
        encrypts_volumes=plan.encrypts_volumes,
        describes_alarms=mode.has_guardrails,
        # All transform jobs of an account log to one group, which is not a stage's to make.
        creates_log_group=not mode.has_endpoint,
        subnet_ids=subnet_ids,
        security_group_ids=security_group_ids,
    )
