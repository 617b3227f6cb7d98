"""What stands beside the alarms, and what cfn-lint says of all of it."""

from pathlib import Path

import pytest

from stacks.watching.queries import queries
from tests.stacks.conftest import Template
from tests.stacks.linting import lint_files
from tests.stacks.monitoring.conftest import properties

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("stage", "task"), [("realtime", "entities"), ("classes", "classes")])
def test_queries_are_saved_for_the_endpoints_log_in_a_folder_of_its_name(
    stacks: dict[str, Template], stage: str, task: str
) -> None:
    found = properties(stacks[f"{stage}-Monitoring"], "AWS::Logs::QueryDefinition")
    assert {each["Name"]: each["QueryString"] for each in found} == {
        f"berth-{stage}/{name}": query for name, query in queries(task).items()
    }
    for each in found:
        assert each["LogGroupNames"] == [f"/aws/sagemaker/Endpoints/berth-{stage}"]


def test_nothing_in_it_serves_or_stores(stacks: dict[str, Template]) -> None:
    for name, template in stacks.items():
        if name.endswith("-Monitoring"):
            assert {
                each["Type"].rpartition("::")[0] for each in template["Resources"].values()
            } <= {
                "AWS::CloudWatch",
                "AWS::Logs",
            }


def test_cfn_lint_has_nothing_to_say(assembly: Path) -> None:
    assert lint_files(assembly.glob("assembly-*/*.template.json"), "eu-central-1") == []
