"""Who vouches for what a stage runs, and whom the next stage believes."""

from typing import Annotated

from pydantic import Field

from stacks.settings.values import Array, Table, matching

# The path of a role may have any characters; a pattern may not cross the account.
RoleArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/*-]{1,512}",
        'must be as "arn:aws:iam::111111111111:role/NAME", with * for any characters of a name',
    ),
]
KeyArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[\w-]+",
        'must be as "arn:aws:kms:eu-central-1:111111111111:key/ID"',
    ),
]


class ReleaseSettings(Table):
    """`[<stage>.releases]`. Releases and their evidence, signed (docs/promotion.md)."""

    signers: Array[RoleArn] = ()
    """roles that record and verify the stage's releases; a key signs for them alone, and nothing
    unsigned is promoted from the stage; unset: releases are not signed"""
    trusted_keys: Array[KeyArn] = ()
    """keys of the stage before whose signatures are taken; unset: the one that its alias names"""
    golden_days: Annotated[int | None, Field(ge=1)] = None
    """days after its recording that a golden set is kept beside the releases, which cannot be
    verified without it; unset: as long as they are"""
