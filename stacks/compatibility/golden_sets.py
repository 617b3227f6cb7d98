"""What models are judged by."""

from collections.abc import Iterator

from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding


def golden_set_can_be_read(stage: CheckedStage) -> Iterator[Finding]:
    """Each line of a golden set is a case, and there are enough of them for `verify`.

    Source: docs/model.md, "The golden set".
    """
    for model in stage.models_in_use:
        if model.golden is None:
            continue
        if model.golden.mistake:
            file, _, reason = model.golden.mistake.partition(": ")
            yield stage.refuse_file(f"{model.name}/{file}", reason)
        elif not stage.mode.unverifiable and model.golden.cases < stage.settings.verify.min_cases:
            yield stage.warn(
                "verify.min_cases",
                f"{model.name}/golden.jsonl has {model.golden.cases:,}: the release will not pass;"
                " add cases, or ask for fewer",
            )
