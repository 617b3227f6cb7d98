"""Which instance types there are, and where."""

import pytest

from stacks.aws_data import instance_types, offered_by_region
from stacks.compatibility import offers
from tests.stacks.compatibility.asking import Case, hold


def on(instance_type: str, region: str = "us-east-1") -> str:
    return f'region = "{region}"\nendpoint.instance_type = "{instance_type}"\n'


BATCH = 'mode = "batch"\n'

CASES = [
    Case(
        offers.image_runs_on_the_instance_type,
        on("ml.c7g.large"),
        'dev.endpoint.instance_type = "ml.c7g.large": it is an Arm machine and the image is '
        "linux/amd64; use ml.c",
        on("ml.c7i.large"),
    ),
    Case(
        offers.image_runs_on_the_instance_type,
        on("ml.p6e-gb200.36xlarge"),
        "Arm machine and the image is linux/amd64; use ml.p6-b200.48xlarge",
        on("ml.p6-b200.48xlarge"),
    ),
    *(
        Case(
            offers.image_runs_on_the_instance_type,
            on(name),
            "the image has no driver for its accelerator; use ml.",
            on("ml.m5.large"),
        )
        for name in ("ml.inf1.xlarge", "ml.inf2.xlarge", "ml.trn1.2xlarge", "ml.dl1.24xlarge")
    ),
    Case(
        offers.instance_type_is_offered_in_the_region,
        on("ml.p5.48xlarge", "eu-central-1"),
        'dev.endpoint.instance_type = "ml.p5.48xlarge": not offered for hosting in eu-central-1; '
        "use ml.p4de.24xlarge",
        on("ml.p5.48xlarge"),
    ),
    Case(
        offers.instance_type_is_offered_in_the_region,
        BATCH + on("ml.g6e.xlarge", "eu-central-1"),
        "not offered for transform in eu-central-1; use ml.",
        BATCH + on("ml.g5.xlarge", "eu-central-1"),
    ),
    Case(
        offers.components_are_offered_in_the_region,
        'mode = "inference-component"\n' + on("ml.m5.large", "cn-north-1"),
        'dev.mode = "inference-component": CloudFormation has no inference components in '
        'cn-north-1; use "real-time"',
        'mode = "inference-component"\n' + on("ml.m5.large"),
    ),
    Case(
        offers.instance_type_is_offered_in_the_region,
        on("ml.m5.large", "eusc-de-east-1"),
        "no price list here says whether eusc-de-east-1 has it for hosting",
        on("ml.m5.large"),
        warns=True,
    ),
    Case(
        offers.instance_type_is_offered_in_the_region,
        on("ml.p3.2xlarge"),
        "no price list here says whether us-east-1 has it",
        on("ml.g5.xlarge"),
        warns=True,
    ),
    Case(
        offers.transform_job_takes_the_instance_type,
        BATCH + on("ml.p5.48xlarge"),
        "batch transform takes no p5; use ml.g",
        on("ml.p5.48xlarge"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)


def test_the_lists_by_region_speak_of_types_that_the_service_model_has() -> None:
    hosting = frozenset().union(*offered_by_region("hosting").values())
    transform = frozenset().union(*offered_by_region("transform").values())
    assert len(hosting & instance_types("hosting")) > 200
    assert len(transform & instance_types("transform")) > 80
    assert "us-east-1" in offered_by_region("hosting")
