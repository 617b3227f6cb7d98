"""stages.toml: what is accepted, and the one line that every mistake gets."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.aws_data import instance_types, sagemaker_regions
from stacks.settings import SettingsError, load
from stacks.settings.mode_settings import BatchSettings
from stacks.settings.scaling import ScheduledCapacity
from stacks.settings.values import RETENTION_DAYS
from tests import STAGES_FILE, berth_cli

ROOT = Path(__file__).parents[2]


def mistakes(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "stages.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    return str(caught.value).splitlines()


def complaints(file: Path) -> list[str]:
    try:
        load(file)
    except SettingsError as error:
        return str(error).split("\n")
    return []


def changed(old: str, new: str, *, times: int = 1) -> str:
    text = STAGES_FILE.read_text()
    assert text.count(old) >= times, f"stages.toml has no {old!r}"
    return text.replace(old, new, times)


def test_a_stage_takes_from_defaults_what_it_leaves_out() -> None:
    settings = load(STAGES_FILE)
    assert list(settings.stages) == ["dev", "qa", "prod"]
    assert settings.stages["dev"].scaling.max_capacity == 2
    assert settings.stages["prod"].scaling.max_capacity == 6
    assert settings.stages["prod"].alarms == settings.stages["dev"].alarms


def test_the_models_folder_is_taken_from_the_files_own_folder(tmp_path: Path) -> None:
    (tmp_path / "stages.toml").write_text(STAGES_FILE.read_text())
    assert load(tmp_path / "stages.toml").model_folder == tmp_path / "build/model"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(STAGES_FILE).stages["dev"].scaling.min_capacity = 3


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            'type = "ml.g5.xlarge"\n\n[prod',
            'type = "ml.g5.huge"\n\n[prod',
            'prod.endpoint.instance_type = "ml.g5.huge": no such SageMaker instance type; '
            'did you mean "ml.g5.xlarge"?',
        ),
        (
            'region = "eu-central-1"\n\n[dev',
            'region = "eu-centrl-1"\n\n[dev',
            'dev.region = "eu-centrl-1": no region that has SageMaker; '
            'did you mean "eu-central-1"?',
        ),
        (
            '"111111111111"',
            '"1111"',
            'dev.account = "1111": must be an AWS account id: 12 digits in quotes',
        ),
        ('"111111111111"', "111111111111", "dev.account = 111111111111: must be a valid string"),
        (
            "max_capacity = 6",
            "max_capacity = 1",
            "prod.scaling.max_capacity = 1: must be at least min_capacity (2)",
        ),
        (
            "initial_capacity = 2",
            "initial_capacity = 7",
            "prod.scaling.initial_capacity = 7: must be at most max_capacity (6)",
        ),
        (
            "min_capacity = 2\nmax_capacity = 6\n",
            "min_capacity = 3\n",
            "prod.scaling.max_capacity = 2 (from [defaults]): must be at least min_capacity (3)",
        ),
        (
            "log_retention_days = 30\n",
            "log_retention_days = 31\n",
            "defaults.log_retention_days = 31: CloudWatch Logs has no such retention; "
            "the nearest is 30",
        ),
        (
            "log_retention_days = 30\n",
            'log_retention_days = "30"\n',
            'defaults.log_retention_days = "30": must be a valid integer',
        ),
        (
            "log_retention_days = 30\n",
            'log_retention_days = 30\ncontainer.environment.MY-OWN = "1"\n',
            'defaults.container.environment.MY-OWN = "MY-OWN": a variable\'s name is letters, '
            "digits and underscores, and begins with no digit",
        ),
        (
            "log_retention_days = 30\n",
            "log_retention_days = 30\ncontainer.environment.WORKERS = 1\n",
            "defaults.container.environment.WORKERS = 1: must be a valid string",
        ),
        (
            "log_retention_days = 30\n",
            "log_retention_days = 30\ncontainer.environment.HUB = "
            '"arn:aws:secretsmanager:eu-central-1:111111111111:secret:hub"\n',
            "defaults.container.environment.HUB = "
            '"arn:aws:secretsmanager:eu-central-1:111111111111:secret:hub": must be a whole ARN, '
            "as arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf (the six characters are "
            "Secrets Manager's) or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME",
        ),
        (
            'cuda = "13.0"',
            'cuda = "11.8"',
            "container.cuda = \"11.8\": must be '12.6', '13.0' or 'none'",
        ),
        (
            '"octo-org/ner"',
            '"https://github.com/octo-org/ner"',
            'pipeline.repository = "https://github.com/octo-org/ner": must be as "owner/name", '
            "as it stands in the repository's address",
        ),
        (
            "owner = 123456, repository = 456789",
            "owner = 123456",
            "pipeline.ids.repository: missing; GitHub's id of the repository",
        ),
        (
            "owner = 123456",
            'owner = "octo-org"',
            'pipeline.ids.owner = "octo-org": must be a valid integer',
        ),
        (
            '["333333333333"]',
            '["3333"]',
            'pipeline.accounts_with_provider[0] = "3333": must be an AWS account id: 12 digits in '
            "quotes",
        ),
        (
            "critical_subscribers = []",
            'critical_subscribers = ["nobody"]',
            'defaults.alarms.critical_subscribers[0] = "nobody": must be an e-mail address',
        ),
        (
            "critical_subscribers = []",
            'critical_subscribers = "a@b.example"',
            'defaults.alarms.critical_subscribers = "a@b.example": must be an array: [ ]',
        ),
        (
            "[qa.endpoint]",
            "[qa.endpoit]",
            'qa.endpoit: no such key; did you mean "endpoint"?',
        ),
        (
            'account = "2',
            'acount = "2',
            'qa.acount = "222222222222": no such key; did you mean "account"?',
        ),
        (
            'account = "2',
            'acount = "2',
            "qa.account: missing; the stage's AWS account id",
        ),
        (
            'project = "berth" ',
            'project = "My Project" ',
            'project = "My Project": must be 1 to 32 lower-case letters, digits and single '
            "hyphens inside",
        ),
        (
            "project = ",
            "projct = ",
            'projct = "berth": neither a key of this file nor a stage; did you mean "project"?',
        ),
        (
            "[model]",
            "[modle]",
            'modle: neither a key of this file nor a stage; did you mean "model"?',
        ),
        ("[qa]", "[Q-A]", "Q-A: neither a key of this file nor a stage; a stage is a table named"),
        ("[container]\n", "[container\n", "not valid TOML: Expected ']' at the end of a table"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, line: str
) -> None:
    assert any(
        found.startswith(f"stages.toml: {line}") for found in mistakes(tmp_path, changed(old, new))
    ), mistakes(tmp_path, changed(old, new))


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (
            "[dev.serverless]\nmemory_mb = 1000",
            "dev.serverless.memory_mb = 1000: must be 1024, 2048, 3072, 4096, 5120 or 6144",
        ),
        (
            "[dev.serverless]\nmax_concurrency = 5\nprovisioned_concurrency = 6",
            "dev.serverless.provisioned_concurrency = 6: must be at most max_concurrency (5)",
        ),
        (
            "[dev.async]\nresult_dys = 3",
            'dev.async.result_dys = 3: no such key; did you mean "result_days"?',
        ),
        ("[dev.shadow]\npercent = 5", "dev.shadow.model: missing; the candidate's MLflow model"),
        ("[dev.variants]\nA = 3", "dev.variants.A = 3: must be a table: [dev.variants.A]"),
        (
            "[dev.variants.A]\nweight = 0",
            "dev.variants: no variant has a weight above 0: nothing would be answered",
        ),
        (
            '[dev.variants."A b"]\nweight = 1',
            'dev.variants.A b = "A b": must be 1 to 32 letters, digits and hyphens inside',
        ),
        (
            "[dev.scaling]\nsteps = [{ above_percent = 90, add = 1 }]",
            "dev.scaling.steps[0].above_percent = 90: must be greater than 100",
        ),
        (
            '[[dev.scaling.schedule]]\nat = "cron(1)"\nmin_capacity = 1\nmax_capacity = 2',
            'dev.scaling.schedule[0].at = "cron(1)": must be as "cron(0 7 ? * MON-FRI *)"',
        ),
        *(
            (
                '[[dev.scaling.schedule]]\nat = "rate(1 day)"\nmin_capacity = 1\n'
                f'max_capacity = 2\ntimezone = "{zone}"',
                f'dev.scaling.schedule[0].timezone = "{zone}": {said}',
            )
            for zone, said in (
                ("Berlin", 'must be "UTC" or a canonical IANA name, as "Europe/Berlin"'),
                ("US/Eastern", 'must be "UTC" or a canonical IANA name, as "Europe/Berlin"'),
                ("Europe/../../passwd", 'must be "UTC" or a canonical IANA name'),
                ("Europe/Berlinn", "no such time zone in this machine's IANA database"),
                ("America/Argentina", "no such time zone in this machine's IANA database"),
            )
        ),
        *(
            (
                f"[dev.batch]\n{key} = '{given}'",
                f"dev.batch.{key} = {json.dumps(given)}: must be a media type of 256 characters",
            )
            for key, given in (
                ("content_type", "json"),
                ("content_type", "text/csv, text/plain"),
                ("accept", "application/json; q="),
                ("accept", "text/" + "x" * 252),
            )
        ),
        (
            "[dev.batch]\nmax_payload_mb = 50\nmax_concurrent_transforms = 4",
            "dev.batch.max_concurrent_transforms = 4: times max_payload_mb (50) must be at most",
        ),
        (
            '[dev.network]\nvpc_id = "mine"',
            'dev.network.vpc_id = "mine": must be an id as "vpc-0123456789abcdef0"',
        ),
        (
            '[dev.shipping]\ns3_uri = "s3://models/ner/model.tar.gz"',
            'dev.shipping.s3_uri = "s3://models/ner/model.tar.gz": goes with form = "s3" alone',
        ),
        (
            '[dev.update]\nstrategy = "linear"\nstep_percent = 5',
            "dev.update.step_percent = 5: must be at least 10 for a linear update",
        ),
        (
            '[dev.drift]\nlabels = ["B\\u2028PER"]',
            r'dev.drift.labels[0] = "B\U00002028PER": must be letters, digits',
        ),
        (
            '[dev.drift]\nlabels = ["PER", "ORG", "PER"]',
            'dev.drift.labels = ["PER", "ORG", "PER"]: names a label twice; leave one out',
        ),
        (
            '[dev.drift]\nlabels = ["B PER"]',
            'dev.drift.labels[0] = "B PER": must be letters, digits, periods, hyphens',
        ),
        (
            "[dev.endpoint.metrics]\nfrequency_seconds = 11",
            "dev.endpoint.metrics.frequency_seconds = 11: must be 10, 30, 60, 120, 180, 240 or 300",
        ),
    ],
)
def test_a_mistake_in_a_modes_own_table_is_one_line_too(
    tmp_path: Path, table: str, line: str
) -> None:
    (found,) = mistakes(tmp_path, f"{STAGES_FILE.read_text()}\n{table}\n")
    assert found.startswith(f"stages.toml: {line}")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Etc/GMT+9", "America/Indiana/Knox"])
def test_a_time_zone_is_one_that_application_auto_scaling_takes(zone: str) -> None:
    given = {"at": "rate(1 day)", "timezone": zone, "min_capacity": 1, "max_capacity": 1}
    assert ScheduledCapacity.model_validate(given).timezone == zone


@pytest.mark.parametrize(
    "media_type",
    ["text/csv", "text/csv;header=present", 'application/json; q="1, \\"x\\""; v=2', "a/b+c.d-e"],
)
def test_a_media_type_may_have_parameters(media_type: str) -> None:
    assert BatchSettings(content_type=media_type, accept=media_type).content_type == media_type


def test_a_stage_on_instances_says_which(tmp_path: Path) -> None:
    text = changed('[dev.endpoint]\ninstance_type = "ml.g4dn.xlarge"\n', "")
    assert mistakes(tmp_path, text) == [
        'stages.toml: dev.endpoint: instance_type is missing; mode = "real-time" runs on instances'
    ]


def test_a_serverless_stage_needs_no_instances(tmp_path: Path) -> None:
    own = '[dev.endpoint]\ninstance_type = "ml.g4dn.xlarge"\n'
    (tmp_path / "stages.toml").write_text(changed(own, "").replace("[dev]", SERVERLESS))
    assert load(tmp_path / "stages.toml").stages["dev"].endpoint.instance_types == ()


SERVERLESS = '[dev]\nmode = "serverless"'


def test_instance_types_stand_in_their_order_of_priority(tmp_path: Path) -> None:
    fallback = '"ml.g4dn.xlarge"\nfallback_instance_types = ["ml.g6.xlarge", "ml.g5.xlarge"]'
    (tmp_path / "stages.toml").write_text(changed('"ml.g4dn.xlarge"', fallback))
    types = load(tmp_path / "stages.toml").stages["dev"].endpoint.instance_types
    assert types == ("ml.g4dn.xlarge", "ml.g6.xlarge", "ml.g5.xlarge")


def test_every_model_folder_that_a_stage_names_is_known_once(tmp_path: Path) -> None:
    text = (
        STAGES_FILE.read_text()
        + """
[dev.variants.A]
weight = 1
[dev.variants.B]
weight = 1
model = "build/candidate"
[qa.shadow]
model = "build/candidate"
"""
    )
    (tmp_path / "stages.toml").write_text(text)
    assert load(tmp_path / "stages.toml").model_paths == ["build/model", "build/candidate"]


def test_a_wrong_default_is_named_once_not_once_a_stage(tmp_path: Path) -> None:
    lines = mistakes(tmp_path, changed("invocation_5xx_percent = 1 ", "gpu_memory_percent = 101 "))
    assert lines == [
        "stages.toml: defaults.alarms.gpu_memory_percent = 101: must be less than or equal to 100"
    ]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = changed("max_capacity = 6", "max_capacity = 1").replace('"222222222222"', '"2"')
    assert len(mistakes(tmp_path, text)) >= 2


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^stages.toml: no such file in "):
        load(tmp_path / "stages.toml")


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "stages.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"^stages.toml: not valid TOML: "):
        load(tmp_path / "stages.toml")


TOML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcdefnopqrstu_", min_size=1, max_size=9), inner, max_size=3)
    ),
    max_leaves=10,
)
KEYS = st.sampled_from(
    [
        (),
        ("project",),
        ("model",),
        ("model", "path"),
        ("container", "cuda"),
        ("pipeline",),
        ("pipeline", "ids"),
        ("pipeline", "berth"),
        ("pipeline", "accounts_with_provider"),
        ("defaults",),
        ("defaults", "endpoint"),
        ("defaults", "alarms", "critical_subscribers"),
        ("dev",),
        ("dev", "region"),
        ("dev", "endpoint"),
        ("dev", "scaling"),
        ("dev", "scaling", "min_capacity"),
        ("dev", "mode"),
        ("dev", "variants"),
        ("dev", "shadow"),
        ("dev", "async"),
        ("dev", "scaling", "steps"),
        ("prod", "unknown"),
        ("extra",),
    ]
)


@given(KEYS, TOML_VALUES)
def test_whatever_stands_at_a_key_it_is_accepted_or_refused_in_readable_lines(
    key: tuple[str, ...], value: object
) -> None:
    raw = tomllib.loads(STAGES_FILE.read_text())
    table = raw
    for part in key[:-1]:
        table = table.setdefault(part, {})
    if key:
        table[key[-1]] = value
    elif isinstance(value, dict):
        raw = value
    with pytest.MonkeyPatch.context() as patch:
        # TOML cannot write every value back; what is tested is what is made of the parsed file.
        patch.setattr("stacks.settings.file.tomllib.loads", lambda _: raw)
        assert all(line.startswith("stages.toml: ") for line in complaints(STAGES_FILE))


@given(
    instance_type=st.sampled_from(sorted(instance_types("hosting"))),
    region=st.sampled_from(sorted(sagemaker_regions())),
    account=st.from_regex(r"[0-9]{12}", fullmatch=True),
    capacities=st.lists(st.integers(1, 1000), min_size=3, max_size=3).map(sorted),
    days=st.sampled_from(RETENTION_DAYS),
)
def test_every_sound_stage_is_accepted_as_written(
    instance_type: str, region: str, account: str, capacities: list[int], days: int
) -> None:
    lowest, initial, highest = capacities
    raw = tomllib.loads(STAGES_FILE.read_text())
    raw["dev"] = {
        "account": account,
        "region": region,
        "log_retention_days": days,
        "endpoint": {"instance_type": instance_type},
        "scaling": {
            "min_capacity": lowest,
            "initial_capacity": initial,
            "max_capacity": highest,
        },
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stacks.settings.file.tomllib.loads", lambda _: raw)
        dev = load(STAGES_FILE).stages["dev"]
    assert (dev.account, dev.region, dev.log_retention_days) == (account, region, days)
    assert dev.endpoint.instance_type == instance_type
    scaling = dev.scaling
    assert (scaling.min_capacity, scaling.initial, scaling.max_capacity) == (
        lowest,
        initial,
        highest,
    )


def test_retention_days_are_those_of_cloudformations_schema() -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-central-1", "AWS::Logs::LogGroup")
    assert list(RETENTION_DAYS) == schema.schema["properties"]["RetentionInDays"]["enum"]


@pytest.mark.slow
def test_berth_check_ends_with_2_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "stages.toml").write_text(changed("ml.g4dn.xlarge", "ml.g4dn.huge"))
    done = berth_cli.run("check", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith('stages.toml: dev.endpoint.instance_type = "ml.g4dn.huge": ')


def test_a_long_array_is_cut_so_that_what_is_wrong_with_it_is_read(tmp_path: Path) -> None:
    names = json.dumps(["x" * 300])
    (found,) = mistakes(tmp_path, f"{STAGES_FILE.read_text()}\n[dev.drift]\nenabled = {names}\n")
    assert found.startswith('stages.toml: dev.drift.enabled = ["xxx')
    assert "xx…: " in found
    assert len(found) < 300
