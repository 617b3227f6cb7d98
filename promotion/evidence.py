"""The results of verifying a running release; a part of the release's document."""

from typing import Annotated

from pydantic import Field

from promotion.document import DocumentPart, Sha256, Time

Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0)]


class Check(DocumentPart):
    """One condition of the gate."""

    name: Annotated[str, Field(description="what was checked, as `entity F1`")]
    wanted: Annotated[str, Field(description="the threshold, as `at least 0.900`")]
    found: str
    passed: bool


class Spans(DocumentPart):
    """How the spans of a label were found. A span is right where its bounds and label are."""

    expected: Count
    found: Count
    right: Count

    @property
    def f1(self) -> float:
        """2·right / (expected + found); 1 where there was none to find and none was found."""
        both = self.expected + self.found
        return 2 * self.right / both if both else 1.0


class Golden(DocumentPart):
    """The result of the golden set, sent through the endpoint."""

    sha256: Annotated[Sha256, Field(description="of golden.jsonl")]
    cases: Count
    exact: Annotated[Count, Field(description="cases all of whose spans were right")]
    labels: dict[str, Spans]

    @property
    def all(self) -> Spans:
        """The spans of all labels together, for the micro F1."""
        return Spans(
            expected=sum(one.expected for one in self.labels.values()),
            found=sum(one.found for one in self.labels.values()),
            right=sum(one.right for one in self.labels.values()),
        )


class Bucket(DocumentPart):
    """A bar of the latency histogram: responses below its edge, not below the edge before it."""

    below_ms: Milliseconds
    answers: Count


class Latency(DocumentPart):
    """The latency of invocations at a stated rate, as the caller saw it."""

    requests_per_second: float
    seconds: float
    requests: Count
    errors: Annotated[Count, Field(description="responses other than 200, and no response")]
    p50_ms: Milliseconds
    p95_ms: Milliseconds
    p99_ms: Milliseconds
    histogram: tuple[Bucket, ...]


class Alarms(DocumentPart):
    """The stage's alarms during the bake time."""

    bake_seconds: float
    watched: Count
    went_off: Annotated[tuple[str, ...], Field(description="names of those that were in ALARM")]


class Verification(DocumentPart):
    """Evidence on a release, gathered where it runs; null for what could not be gathered."""

    gathered: Annotated[Time, Field(description="when, in UTC")]
    endpoint_config: Annotated[str, Field(description="the one that was served")]
    checks: Annotated[tuple[Check, ...], Field(description="the conditions of the gate")]
    golden: Golden | None
    former_golden: Annotated[
        Golden | None, Field(description="of the release before, on the same golden set")
    ]
    latency: Latency | None
    alarms: Alarms | None

    @property
    def passed(self) -> bool:
        """Whether there are checks, and all of them passed: the gate lets the release through."""
        return bool(self.checks) and all(check.passed for check in self.checks)
