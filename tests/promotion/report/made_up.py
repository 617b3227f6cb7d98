"""Facts with a value of the caller's choice wherever a value can be any text."""

from hypothesis import strategies as st

from promotion.evidence import Alarms, Bucket, Check, Golden, Latency, Spans, Verification, Wrong
from promotion.moving import Moved
from promotion.release import Lineage
from promotion.report import Ending, Movement, ReportData
from tests.promotion.releases import release, verification

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></svg><h1>passed",
    "-->{{ 7 * 7 }}{% raw %}&lt;&#60;",
    "| a | b |\n|---|---|\n| `c` |",
    "```\n# heading\n```",
    "[here](https://example.com) ![](https://example.com/a.png)",
    "**bold** _soft_ ~~gone~~ <b>",
    "\\| \\` \\",
    "1. one",
    "- one",
    "> quoted",
    "===",
    "@octocat octo-org/ner#1 #7 GH-7 https://example.com www.example.com a@example.com",
    "##[error]passed ::error::failed [red]no[/red] :tada:",
    "::set-output name=id::qa-000001",
    "one\r\n::stop-commands::two",
    "\u202egnp.exe\u202c\x00\x1b[31m\x85\u2028",
    "long" * 200,
)
"""What breaks pages and tables."""

texts = st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=40).filter(str.strip)
labels = st.lists(texts, min_size=3, max_size=3, unique=True)


def data(text: str, labels: list[str], *, passed: bool = True) -> ReportData:
    """A report in which every part is there, with a text and three labels put into all of them."""
    spans = Spans(expected=10, found=9, right=8)
    golden = Golden(
        sha256="9" * 64,
        cases=12,
        exact=9,
        labels=dict.fromkeys(labels, spans),
        metrics={text: 0.5},
        confusion={label: {label: 2} for label in labels},
        wrong=(Wrong(case=4, found=text), Wrong(case=7, found=None)),
    )
    evidence = Verification(
        gathered=verification().gathered,
        endpoint_config=text,
        checks=(Check(name=text, wanted=text, found=text, passed=passed),),
        golden=golden,
        former_golden=golden.model_copy(update={"labels": {labels[0]: spans}}),
        latency=Latency(
            requests_per_second=5,
            seconds=30,
            requests=150,
            errors=2,
            p50_ms=12,
            p95_ms=18,
            p99_ms=19.5,
            histogram=(Bucket(below_ms=10, answers=0), Bucket(below_ms=20, answers=148)),
        ),
        alarms=Alarms(bake_seconds=60, watched=3, went_off=(text,)),
    )
    (image,), (model,) = release().images, release().models
    changed = {
        "project": text,
        "images": (image.model_copy(update={"repository": text}),),
        "models": (model.model_copy(update={"logical_id": text}),),
        "settings": {"alarms": text},
        "templates": {"berth-dev-serving": "8" * 64},
        "source": release().source.model_copy(update={"clean": False}),
        "lineage": Lineage(stage=text, release="dev-000004", forced=text),
        "evidence": (evidence,),
    }
    return ReportData(
        release=release("dev-000002").model_copy(update=changed),
        former=release().model_copy(update={"evidence": (evidence,)}),
        moved=(Movement(text, "file", text, Moved(100, sent=30, copied=20), 2.0),),
        ending=Ending("promoted", text),
    )
