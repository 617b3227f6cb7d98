"""The results of verifying a running release; a part of the release's document."""

from typing import Annotated

from pydantic import Field, JsonValue

from promotion.document import DocumentPart, Sha256, Time

Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0)]


class Check(DocumentPart):
    """One condition of the gate: a metric, its threshold, its value, and of how many cases."""

    name: Annotated[str, Field(description="what was checked, as `entity F1`")]
    wanted: Annotated[str, Field(description="the threshold, as `at least 0.900`")]
    found: str
    passed: Annotated[bool | None, Field(description="null where it was not judged")]
    threshold: Annotated[float | None, Field(description="null where it is no number")] = None
    value: Annotated[float | None, Field(description="null where it is no number")] = None
    cases: Annotated[Count | None, Field(description="how many the value is of")] = None
    unjudged: Annotated[
        str | None, Field(description="`not judged` or `not compared`, where passed is null")
    ] = None
    excused: Annotated[
        bool, Field(description="where passed is null: whether the release goes on all the same")
    ] = False

    @property
    def stops(self) -> bool:
        """Whether it keeps the release from going on."""
        return not (self.excused if self.passed is None else self.passed)

    @property
    def result(self) -> str:
        """What was not judged is never called passed."""
        if self.passed is None:
            return self.unjudged or "not judged"
        return "passed" if self.passed else "failed"


class Spans(DocumentPart):
    """How a label was found. A span is right where its bounds and label are, a case its label."""

    expected: Count
    found: Count
    right: Count

    @property
    def f1(self) -> float:
        """2·right / (expected + found); 1 where there was none to find and none was found."""
        both = self.expected + self.found
        return 2 * self.right / both if both else 1.0


class Wrong(DocumentPart):
    """A case whose response was not right, without what it was about."""

    case: Annotated[Count, Field(description="the number of its line in golden.jsonl")]
    found: Annotated[
        JsonValue,
        Field(description="spans, a label, a number or a cosine; null for what may be a text"),
    ]


class Golden(DocumentPart):
    """The result of a golden set, sent through the endpoint."""

    sha256: Annotated[Sha256, Field(description="of golden.jsonl")]
    cases: Count
    exact: Annotated[Count, Field(description="cases whose response was right in all")]
    labels: dict[str, Spans]
    evaluator: Annotated[str, Field(description="spans, labels, numbers, vectors or json")] = (
        "spans"  # all that version 0.1 knew
    )
    metrics: Annotated[
        dict[str, float | None],
        Field(description="`mean absolute error`, `mean cosine`; null where no case was answered"),
    ] = {}  # noqa: RUF012 - pydantic copies it
    confusion: Annotated[
        dict[str, dict[str, Count]],
        Field(description="of labels: by the right one, how often each was given"),
    ] = {}  # noqa: RUF012
    wrong: Annotated[
        tuple[Wrong, ...], Field(description="the first cases that were not right")
    ] = ()

    @property
    def accuracy(self) -> float:
        """The share of cases that were right."""
        return self.exact / self.cases if self.cases else 0.0

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
        Golden | None,
        Field(description="of the former release, on its own golden set, which may be another"),
    ]
    latency: Latency | None
    alarms: Alarms | None
    golden_on_former: Annotated[
        Golden | None, Field(description="of this release on the former's set, where it is another")
    ] = None
    not_compared: Annotated[
        str | None, Field(description="why there is no comparison with the former release")
    ] = None

    @property
    def passed(self) -> bool:
        """Whether there are checks, and none stops it: the gate lets the release through."""
        return bool(self.checks) and not any(check.stops for check in self.checks)

    @property
    def said(self) -> str:
        """Whether it passed, in words: what was not judged or not compared has not passed."""
        if not self.passed:
            return "not passed"
        if self.golden is None:
            return "goes on, though its quality was not judged"
        return "passed" if self.not_compared is None else "goes on, though it was not compared"

    @property
    def compared(self) -> tuple[Golden, Golden] | None:
        """The former release and this one on the same golden set, where there is a former one."""
        now, before = self.golden_on_former or self.golden, self.former_golden
        if now is None or before is None or now.sha256 != before.sha256:
            return None
        return before, now
