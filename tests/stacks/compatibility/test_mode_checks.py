"""What the modes exclude."""

from pathlib import Path

import pytest

from stacks.compatibility import mode_checks
from tests.stacks.compatibility.asking import Case, found, hold, stage_that_asks

SERVERLESS = 'mode = "serverless"\n'
VPC = 'network.vpc_id = "vpc-01234567"\nnetwork.subnet_ids = ["subnet-01234567"]\n'
BLUE, GREEN = "variants.blue.weight = 1\n", "variants.green.weight = 1\n"
S3 = 'shipping.form = "s3"\n'
URI = 'shipping.s3_uri = "s3://a-bucket/model.tar.gz"\n'
SHA = f'shipping.manifest_sha256 = "{"5" * 64}"\n'

CASES = [
    *(
        Case(
            mode_checks.lines_are_text,
            f'mode = "batch"\nbatch.content_type = "{binary}"',
            f'dev.batch.content_type = "{binary}": has no lines to split objects at; set',
            f'mode = "batch"\nbatch = {{ content_type = "{binary}", split = "None" }}',
        )
        for binary in ("application/x-npy", "image/png", "application/Vnd.Apache.Parquet; v=1")
    ),
    Case(
        mode_checks.lines_are_text,
        'mode = "batch"\nbatch.content_type = "application/octet-stream"',
        "has no lines",
        'mode = "batch"\nbatch.content_type = "text/csv; header=present"',
    ),
    Case(
        mode_checks.network_and_capture_fit_the_mode,
        SERVERLESS + VPC,
        'dev.network.vpc_id = "vpc-01234567": mode = "serverless" cannot have it; leave it out',
        VPC,
    ),
    Case(
        mode_checks.network_and_capture_fit_the_mode,
        SERVERLESS + "network.new_vpc = true",
        'dev.network.new_vpc = true: mode = "serverless" cannot',
        SERVERLESS,
    ),
    Case(
        mode_checks.network_and_capture_fit_the_mode,
        SERVERLESS + "capture.percent = 5",
        'dev.capture.percent = 5: mode = "serverless" cannot',
        "capture.percent = 5",
    ),
    Case(
        mode_checks.variants_fit_the_mode,
        SERVERLESS + BLUE + GREEN,
        'dev.variants: mode = "serverless" has one at most',
        SERVERLESS + BLUE,
    ),
    Case(
        mode_checks.isolation_fits_the_mode,
        SERVERLESS,
        'dev.network.isolation = true: mode = "serverless" cannot be isolated',
        SERVERLESS + "network.isolation = false",
        warns=True,
    ),
    Case(
        mode_checks.instance_types_fit_the_mode,
        SERVERLESS,
        'dev.endpoint.instance_type = "ml.m5.xlarge": mode = "serverless" has no instances',
        "",
        warns=True,
    ),
    *(
        Case(
            mode_checks.form_fits_the_mode,
            f'mode = "{mode}"\nshipping.form = "files"',
            f'dev.shipping.form = "files": mode = "{mode}" takes archives alone',
            f'mode = "{mode}"',
        )
        for mode in ("serverless", "batch", "multi-model")
    ),
    Case(
        mode_checks.s3_form_names_its_archive,
        S3 + SHA,
        'dev.shipping.s3_uri: missing; form = "s3" needs it',
        S3 + URI + SHA,
    ),
    Case(
        mode_checks.s3_form_names_its_archive,
        S3 + URI,
        "dev.shipping.manifest_sha256: missing",
        S3 + 'mode = "multi-model"',
    ),
    Case(
        mode_checks.s3_form_has_one_model,
        S3 + 'variants.new = { weight = 1, model = "candidate" }',
        'dev.shipping.form = "s3": variants and shadow with models of their own',
        S3 + BLUE + GREEN,
    ),
    *(
        Case(
            mode_checks.shadow_has_one_variant_beside_it,
            f'mode = "{mode}"\nshadow.model = "candidate"',
            f'dev.shadow: mode = "{mode}" has no shadow; use mode = "real-time"',
            'shadow.model = "candidate"',
        )
        for mode in ("serverless", "async", "multi-model", "batch", "inference-component")
    ),
    Case(
        mode_checks.shadow_has_one_variant_beside_it,
        'shadow.model = "candidate"\n' + BLUE + GREEN,
        "dev.shadow: it takes exactly one production variant",
        'shadow.model = "candidate"\n' + BLUE,
    ),
    *(
        Case(
            mode_checks.variants_fit_the_mode,
            f'mode = "{mode}"\n' + BLUE,
            f'dev.variants: mode = "{mode}" has none',
            BLUE,
        )
        for mode in ("multi-model", "batch", "inference-component")
    ),
    Case(
        mode_checks.one_instance_type_for_a_transform_job,
        'mode = "batch"\nendpoint.fallback_instance_types = ["ml.m5.2xlarge"]',
        'dev.endpoint.fallback_instance_types = ["ml.m5.2xlarge"]: a transform job has one',
        'endpoint.fallback_instance_types = ["ml.m5.2xlarge"]',
    ),
    Case(
        mode_checks.one_instance_type_for_a_transform_job,
        'endpoint.fallback_instance_types = ["ml.m5.xlarge"]',
        "names a type twice",
        'endpoint.fallback_instance_types = ["ml.m5.2xlarge"]',
    ),
    Case(
        mode_checks.tables_have_an_effect,
        "serverless.memory_mb = 2048",
        'dev.serverless: has no effect in mode = "real-time"',
        SERVERLESS + "serverless.memory_mb = 2048",
        warns=True,
    ),
    Case(
        mode_checks.tables_have_an_effect,
        "async.result_days = 3",
        "dev.async: has no effect",
        'mode = "async"\nasync.result_days = 3',
        warns=True,
    ),
    Case(
        mode_checks.tables_have_an_effect,
        'mode = "multi-model"\nshipping.form = "files"',
        "dev.shipping: a multi-model endpoint's archives lie under models/ instead",
        'mode = "multi-model"',
        warns=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)


def archives(folder: Path) -> list[str]:
    stage = stage_that_asks(
        'mode = "multi-model"\nmulti_model.archives = "archives"', folder=folder
    )
    return [str(finding) for finding in found(mode_checks.archives_can_be_uploaded, stage)]


def test_a_folder_of_archives_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert archives(tmp_path) == [
        'stages.toml: dev.multi_model.archives = "archives": no folder that can be read; '
        "make it, or leave the key out"
    ]


@pytest.mark.parametrize("name", ["x" * 300, r"a\u0000b"])
def test_a_folder_that_cannot_be_is_refused_in_a_line(name: str) -> None:
    stage = stage_that_asks(f'mode = "multi-model"\nmulti_model.archives = "{name}"')
    assert "no folder that can be read" in str(
        found(mode_checks.archives_can_be_uploaded, stage)[0]
    )


def test_archives_are_named_as_s3_keys_can_be(tmp_path: Path) -> None:
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / "ner-2.tar.gz").touch()
    assert archives(tmp_path) == []
    (tmp_path / "archives" / "my model.tar.gz").touch()
    (tmp_path / "archives" / "notes.txt").touch()
    assert ["'my model.tar.gz' cannot" in line for line in archives(tmp_path)] == [True, False]


def test_an_empty_folder_of_archives_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "archives").mkdir()
    assert "the folder is empty" in archives(tmp_path)[0]
