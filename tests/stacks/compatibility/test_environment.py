"""What a stage sets in its container's environment."""

import re
from pathlib import Path

import pytest

from stacks.compatibility import environment
from tests.stacks.compatibility.asking import Case, found, hold, stage_that_asks

SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:team/hub-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:111111111111:parameter/team/hub"
KEY = 'container.secret_keys = ["arn:aws:kms:us-east-1:111111111111:key/0123-ab"]\n'
OPEN = "network.isolation = false\n"


def sets(name: str, value: str) -> str:
    return f'container.environment.{name} = "{value}"\n'


LARGE = "".join(sets(f"V{number}", "x" * 1000) for number in range(40))
MANY = "".join(sets(f"V{number}", "x") for number in range(100))

CASES = [
    *(
        Case(
            environment.variables_are_the_stages_to_set,
            sets(name, "1"),
            f'dev.container.environment.{name} = "1": {says}',
            sets("MY_OWN", "1"),
        )
        for name, says in [
            ("SAGEMAKER_BIND_TO_PORT", "SageMaker sets it itself"),
            ("SAGEMAKER_MULTI_MODEL", 'is set by mode = "multi-model"'),
            ("BERTH_BATCH_REQUESTS", "is set by model.batch_requests"),
            ("BERTH_MODEL_MANIFEST_SHA256", "is set by what is packed"),
            ("OMP_NUM_THREADS", "is set by how many workers there are; set SAGEMAKER_"),
            ("PYTHONPATH", "the image sets it"),
        ]
    ),
    Case(
        environment.variables_are_the_stages_to_set,
        sets("BERTH_DEADLINE", "90"),
        'no such setting; did you mean "BERTH_DEADLINE_SECONDS"?',
        sets("BERTH_DEADLINE_SECONDS", "90"),
    ),
    Case(environment.environment_is_small_enough, LARGE, "SageMaker takes 32 KB", sets("A", "b")),
    Case(environment.environment_is_small_enough, MANY, "100 variables", sets("A", "b")),
    Case(
        environment.secrets_are_named_by_their_arn,
        sets("DB_PASSWORD", "hunter2"),
        "dev.container.environment.DB_PASSWORD: would stand in the template",
        sets("DB_PASSWORD", SECRET) + sets("MAX_TOKENS", "512"),
    ),
    Case(
        environment.secrets_can_be_read,
        sets("HUB", SECRET),
        "network isolation keeps the container from every service",
        sets("HUB", SECRET) + sets("URL", PARAMETER) + OPEN,
    ),
    Case(
        environment.secrets_can_be_read,
        sets("HUB", PARAMETER) + OPEN + "network.new_vpc = true\n",
        "the new VPC has no way to this service",
        sets("HUB", "plain") + "network.new_vpc = true\n",
    ),
    Case(
        environment.secrets_can_be_read,
        sets("HUB", SECRET.replace("us-east-1", "eu-west-1")) + OPEN,
        "is in eu-west-1, and the stage in us-east-1",
        sets("HUB", SECRET) + OPEN,
    ),
    Case(
        environment.secrets_can_be_read,
        sets("HUB", SECRET.replace("111111111111", "222222222222")) + OPEN,
        "is in account 222222222222",
        sets("HUB", SECRET) + OPEN,
        warns=True,
    ),
    Case(
        environment.secret_keys_have_secrets,
        KEY,
        "container.environment names no secret",
        KEY + sets("HUB", SECRET),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_clashes_gets_a_line_and_its_neighbour_passes(case: Case) -> None:
    hold(case)


def test_the_value_of_what_is_meant_as_a_secret_is_in_no_line() -> None:
    stage = stage_that_asks(sets("DB_PASSWORD", "hunter2"))
    (finding,) = found(environment.secrets_are_named_by_their_arn, stage)
    assert "hunter2" not in str(finding)


def test_every_documented_variable_of_the_server_may_be_set_or_says_where_it_is_set() -> None:
    page = (Path(__file__).parents[3] / "docs" / "container.md").read_text()
    documented = re.findall(r"^\| `(BERTH_\w+)` \|", page, re.MULTILINE)
    assert len(documented) > 10
    for name in documented:
        stage = stage_that_asks(sets(name, "1"))
        says = [str(one) for one in found(environment.variables_are_the_stages_to_set, stage)]
        assert not any("no such setting" in line for line in says)


def test_what_the_entrypoint_sets_is_not_the_stages_to_set() -> None:
    script = (Path(__file__).parents[3] / "container" / "entrypoint.sh").read_text()
    exports = [line for line in script.splitlines() if line.startswith("export ")]
    assert exports
    for name, value in re.findall(r'([A-Z_]+)=("[^"]*"|\S+)', " ".join(exports)):
        stage = stage_that_asks(sets(name, "1"))
        is_default = value.startswith(f'"${{{name}:-')
        assert is_default != bool(found(environment.variables_are_the_stages_to_set, stage)), name
