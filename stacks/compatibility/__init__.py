"""The proof at synth: what stages.toml asks for, against what SageMaker and the image can do.

Every check is a function of one stage that yields findings; `checks.CHECKS` has them all. No AWS
is called: what AWS offers is data of botocore and of cfn-lint, and rules with their sources.
"""

from stacks.compatibility.checks import check, findings
from stacks.compatibility.findings import Finding, IncompatibleError
from stacks.compatibility.model_folder import (
    ModelFolder,
    ModelRecord,
    read_model,
    read_model_record,
    read_models,
)
from stacks.compatibility.uploads import BUCKET_DEPLOYMENT_DISK_GIB

__all__ = [
    "BUCKET_DEPLOYMENT_DISK_GIB",
    "Finding",
    "IncompatibleError",
    "ModelFolder",
    "ModelRecord",
    "check",
    "findings",
    "read_model",
    "read_model_record",
    "read_models",
]
