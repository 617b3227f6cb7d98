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
    """Beside image, model, logs and metrics."""
    bucket = f"arn:{cdk.Stack.of(storage).partition}:s3:::{storage.bucket.bucket_name}"
    mode, settings = plan.mode, plan.settings
    reads, writes, topics = [], [], []
    if not mode.has_endpoint:
        reads, writes = [f"{bucket}/batch/input/*"], [f"{bucket}/batch/output/*"]
    if mode.has_queue:
        reads, writes = [f"{bucket}/async/input/*"], [f"{bucket}/async/*"]
        topics = [storage.successes.topic_arn, storage.errors.topic_arn]
    if settings.capture.percent:
        writes.append(f"{bucket}/capture/*")
    if settings.endpoint.core_dumps:
        writes.append(f"{bucket}/core-dumps/*")
    uses_key = bool(reads or writes or plan.encrypts_volumes or mode.has_archives)
    return RolePermissions(
        reads=reads,
        writes=writes,
        publishes_to=topics,
        key_arn=storage.key.key_arn if uses_key else None,
        encrypts_volumes=plan.encrypts_volumes,
        describes_alarms=mode.has_guardrails,
        subnet_ids=subnet_ids,
        security_group_ids=security_group_ids,
    )
