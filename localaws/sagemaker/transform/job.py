"""A transform job: its request and its state."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from localaws.sagemaker.instance import Instance
from localaws.sagemaker.state import Resource, now
from localaws.scope import Document

KIND = "transform-job"

GROUP = "/aws/sagemaker/TransformJobs"
"""The log group of every job: streams JOB/INSTANCE, and JOB/data-log for what failed."""

MAX_REASON = 1024
"""What a FailureReason may hold (botocore's model)."""


NO_PROCESSING = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
"""The one DataProcessing that is emulated, which is the default."""


class JobFailedError(Exception):
    """A failed job; the text becomes its FailureReason and begins with whose fault it is."""


class ObjectFailedError(Exception):
    """Why one object has no output, and whose fault it is: ClientError or AlgorithmError."""

    def __init__(self, blame: str, message: str) -> None:
        super().__init__(message)
        self.blame = blame


class JobStoppedError(Exception):
    """StopTransformJob, or the emulator's end, came before the job's."""


@dataclass
class TransformJob(Resource):
    """A job. `container`, `role` and `isolated` are its model's when the job was created.

    instances: what runs for it; stopping: set when it shall end early; ended: set when its status
    is final.
    """

    container: Document = field(default_factory=dict)
    role: str = ""
    isolated: bool = False
    status: str = "InProgress"
    failure: str = ""
    modified: datetime = field(default_factory=now)
    started: datetime | None = None
    finished: datetime | None = None
    instances: list[Instance] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin the time that AWS bills: the container responds."""
        self.modified = self.started = now()

    def stop(self) -> None:
        """End it early; the end of its programs ends the requests in flight, too."""
        self.status, self.modified = "Stopping", now()
        self.stopping.set()
        for instance in self.instances:
            instance.ask_to_stop()

    def end(self, status: str, failure: str = "") -> None:
        """Take a final status."""
        self.modified = self.finished = now()
        self.failure = failure[:MAX_REASON]
        self.status = status
        self.ended.set()

    def describe(self) -> Document:
        """DescribeTransformJob's response, with the defaults that AWS fills in."""
        asked = self.properties
        filled = {
            "TransformInput": {"CompressionType": "None", "SplitType": "None"},
            "TransformOutput": {"AssembleWith": "None", "KmsKeyId": ""},
        }
        response = {
            **asked,
            **{name: {**default, **asked[name]} for name, default in filled.items()},
            "TransformJobArn": self.arn,
            "TransformJobStatus": self.status,
            "CreationTime": self.created,
            "DataProcessing": NO_PROCESSING,
            "TransformStartTime": self.started,
            "TransformEndTime": self.finished,
            "FailureReason": self.failure,
        }
        return {name: value for name, value in response.items() if value not in (None, "")}

    def summarise(self) -> Document:
        """Its entry in ListTransformJobs' response."""
        described = self.describe()
        names = (
            *("TransformJobName", "TransformJobArn", "CreationTime", "TransformEndTime"),
            *("TransformJobStatus", "FailureReason"),
        )
        summary = {name: described[name] for name in names if name in described}
        return {**summary, "LastModifiedTime": self.modified}
