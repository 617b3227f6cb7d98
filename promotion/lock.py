"""One promotion to a stage at a time: S3 lets one writer create the lock's object.

It lies in the CDK's asset bucket of the stage's account, which exists before the stage does:
`berth/locks/<endpoint>.json`.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ValidationError

from aws.errors import in_one_line
from aws.stage import Stage
from promotion import PromotionError
from promotion.moving import MoveError
from promotion.moving.s3 import S3Error, S3Object, object_of

PREFIX = "berth/locks/"
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class Holder(BaseModel):
    """Who holds a lock, what for and since when; `broke`: whose lock was broken for it, and why."""

    owner: str
    host: str
    process: int
    doing: str
    since: AwareDatetime
    broke: str | None = None

    def __str__(self) -> str:
        minutes = (datetime.now(UTC) - self.since).total_seconds() / 60
        who = f"{self.owner} on {self.host} (process {self.process})"
        return f"{who} {self.doing} since {self.since:%Y-%m-%d %H:%M:%S} UTC, {minutes:.0f} minutes"

    def is_dead(self) -> bool:
        """Whether it was a process of this machine that has ended."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass  # another user's process is alive
        return False


class Lock:
    """A lock that is held."""

    def __init__(self, stage: str, place: S3Object, etag: str) -> None:
        self._stage, self._place, self._etag = stage, place, etag

    def check(self) -> None:
        """Raise PromotionError where somebody has broken it."""
        found = _found(self._place)
        if found is None or found[0] != self._etag:
            by = found[1] if found else "it is gone"
            raise PromotionError(f"{self._stage}: the lock was broken, nothing more is done: {by}")

    def release(self) -> None:
        """Remove the lock, unless somebody else holds it by now."""
        try:
            self._place.call("delete_object", IfMatch=self._etag)
        except S3Error as error:
            if error.code not in {*_TAKEN, "404", "NoSuchKey"}:
                raise


@contextmanager
def held(stage: Stage, bucket: str, *, doing: str, breaking: str | None = None) -> Iterator[Lock]:
    """Hold the stage's lock for the length of the block.

    A lock that a dead process of this machine holds is taken over; with `breaking`, a reason, the
    lock of anybody.

    Raises PromotionError where somebody holds it.
    """
    lock = _taken(stage, bucket, doing, breaking)
    try:
        yield lock
    except BaseException:
        # The first error is the one to report.
        with suppress(MoveError):
            lock.release()
        raise
    lock.release()


def _taken(stage: Stage, bucket: str, doing: str, breaking: str | None) -> Lock:
    with in_one_line():
        owner = stage.client("sts").get_caller_identity()["Arn"]
    place = object_of(stage, bucket, f"{PREFIX}{stage.names.endpoint}.json")
    mine = Holder(
        owner=owner,
        host=socket.gethostname(),
        process=os.getpid(),
        doing=doing,
        since=datetime.now(UTC),
    )
    # Tried again where the holder removes its lock between the two calls.
    for _ in range(3):
        etag = _written(place, mine, IfNoneMatch="*")
        if etag is None and (found := _found(place)) is not None:
            there, other = found
            if breaking is None and not (isinstance(other, Holder) and other.is_dead()):
                raise PromotionError(
                    f"{stage.name}: locked: {other}; wait, or break it with --break-lock REASON"
                )
            broken = mine.model_copy(update={"broke": f"{other}: {breaking or 'it has died'}"})
            etag = _written(place, broken, IfMatch=there)
        if etag is not None:
            return Lock(stage.name, place, etag)
    raise PromotionError(f"{stage.name}: locked: others were quicker; run again")


def _written(place: S3Object, holder: Holder, **condition: str) -> str | None:
    """The ETag of what was written; None where the condition was not met."""
    try:
        document = holder.model_dump_json(indent=2).encode()
        return str(place.call("put_object", Body=document, **condition)["ETag"])
    except S3Error as error:
        if error.code in _TAKEN:
            return None
        raise


def _found(place: S3Object) -> tuple[str, Holder | str] | None:
    """The lock's ETag, and its holder or a text instead; None where there is no lock."""
    try:
        response = place.call("get_object")
    except S3Error as error:
        if error.code == "NoSuchKey":
            return None
        raise
    try:
        holder: Holder | str = Holder.model_validate_json(response["Body"].read())
    except ValidationError:
        holder = f"{place} does not say by whom"
    return str(response["ETag"]), holder
