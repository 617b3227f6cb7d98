"""IAM, evaluated for every request where `LOCALAWS_IAM=enforce` is set as the emulator starts.

MiniStack has the evaluator: identities, sessions, policies, boundaries, the policies of buckets,
repositories, keys, topics and queues. What promotion needs beyond that is added here and decided by
the same evaluator: the resource that a request to SageMaker acts on (`resources`), the registry's
HTTP requests (`registry`), missing objects and the keys of encrypted buckets (`s3`), and what the
policies of signing keys and of buckets ask (`keys`).
"""

import os

from localaws.home import LocalAwsError

VARIABLE, ENFORCE = "LOCALAWS_IAM", "enforce"


def is_enforced() -> bool:
    """Whether requests are evaluated.

    Raises LocalAwsError where the variable has another value.
    """
    given = os.environ.get(VARIABLE) or ""
    if given not in ("", ENFORCE):
        raise LocalAwsError(f"{VARIABLE}={given!r}: must be {ENFORCE}, or not set")
    return given == ENFORCE


def install() -> None:
    """Add what MiniStack's evaluator leaves out; only in the emulator's process."""
    # MiniStack reads its environment when it is imported.
    from localaws.iam import keys, registry, resources, s3  # noqa: PLC0415

    for part in (resources, registry, s3, keys):
        part.install()
