"""IAM judged on every request, where `LOCALAWS_IAM=enforce` says so as the emulator starts.

MiniStack (1.5.33) has the evaluator: identities, sessions, policies, boundaries, the policies of
buckets, repositories, keys, topics and queues. What it leaves out of what promotion needs is added
here, and judged by that same evaluator: which action of SageMaker a request is (`requests`), the
registry's HTTP requests (`registry`), what is not in a bucket (`listing`), and the keys of
encrypted ones (`encryption`). A service asks `judge` itself for what it does by a role.
"""

import os

from localaws.home import LocalAwsError

VARIABLE, ENFORCE = "LOCALAWS_IAM", "enforce"


def is_enforced() -> bool:
    """Whether requests are judged.

    Raises LocalAwsError where the variable says anything else.
    """
    asked = os.environ.get(VARIABLE) or ""
    if asked not in ("", ENFORCE):
        raise LocalAwsError(f"{VARIABLE}={asked!r}: must be {ENFORCE}, or not set")
    return asked == ENFORCE


def install() -> None:
    """Add what MiniStack's evaluator leaves out; in the emulator's process alone."""
    # MiniStack reads its environment when it is imported.
    from localaws.iam import encryption, listing, registry, requests  # noqa: PLC0415

    for part in (requests, registry, listing, encryption):
        part.install()
