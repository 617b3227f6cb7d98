"""The tables of docs/security.md: from the rules, the acknowledgements and the snapshots."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stacks.compliance.acknowledged import FINDINGS, UNSCOPED_ACTIONS
from stacks.compliance.endpoint_rules import RULES
from tools.checkov.acknowledged import acknowledgements
from tools.markdown import code, table

SNAPSHOTS = Path(__file__).parents[1] / "tests" / "stacks" / "snapshots"
Statement = dict[str, Any]

_ENDPOINT_LOGS = re.compile(r":log-group:/aws/sagemaker/(Endpoints|InferenceComponents)/[^/]+:\*$")

_EXECUTION_ROLE = "ModelsExecutionRole"
# The roles by their logical ids: what assumes each, which stages have it, and its file.
_ROLES = {
    _EXECUTION_ROLE: ("execution role of the models", "all", "stacks/execution_role.py"),
    "WorkflowRole": ("state machine", "batch", "stacks/constructs/transform_workflow.py"),
    "WorkflowStartersScheduleRole": (
        "schedule",
        "batch, with `batch.schedule`",
        "stacks/constructs/transform_starters.py",
    ),
    "WorkflowStartersArrivalRole": (
        "rule for objects that arrive",
        "batch, with `batch.on_arrival`",
        "stacks/constructs/transform_starters.py",
    ),
    "NetworkVpcFlowLogsRole": (
        "flow log of a new VPC",
        "with `network.new_vpc`",
        "stacks/constructs/isolated_vpc.py",
    ),
    "NetworkVpcDefaultGroupRole": (
        "function that closes a new VPC's default security group",
        "with `network.new_vpc`",
        "stacks/constructs/default_group_closer.py",
    ),
    "Plan": ("`PROJECT-STAGE-plan`", "with `[pipeline]`", "pipeline.py"),
    "Deploy": ("`PROJECT-STAGE-deploy`", "with `[pipeline]`", "pipeline.py"),
    "Source": ("`PROJECT-STAGE-source`", "with `[pipeline]`; not the last stage", "pipeline.py"),
}

# The words for references to other resources.
_REFERENCES = {
    r"PublishOutputRefData\w+": "the stage's bucket",
    r"PublishOutputFnGetAttKey\w+": "the stage's key",
    r"PublishOutputRef(\w+?)Topic\w+": r"the topic \1",
    r"NetworkVpcSubnet\w+": "the stage's subnets",
    r"NetworkHostingGroup\w*": "the stage's security group",
    r"NetworkVpc[0-9A-F]{8}": "the default one of the stage's VPC",
    r"WorkflowMachine\w+": "the stage's state machine",
    r"GitHub": "GitHub's OIDC provider",
}


def rules() -> str:
    """Every rule of the endpoint pack."""
    return table("rule | what it asks for", ((one.name, one.asks_for) for one in RULES))


def findings() -> str:
    """Every acknowledged finding of the public packs."""
    rows = ((f"`{one.finding}`", f"`{one.path}`", one.reason) for one in FINDINGS)
    return table("finding | where, below the stage | why it stands", rows)


def checkov_findings() -> str:
    """Every acknowledged finding of checkov."""
    rows = (
        (one.check, f"`{one.resource}`", f"`{one.templates}`", one.reason)
        for one in acknowledgements()
    )
    return table("finding | resource | templates | why it stands", rows)


def unscoped() -> str:
    """Every action that may stand beside the resource `*`."""
    return table("action | why", ((f"`{one}`", why) for one, why in UNSCOPED_ACTIONS.items()))


def wildcards(kinds: dict[str, str]) -> str:
    """Kinds of resources that are wildcards, by the end of their names."""
    plain = ((re.sub(r"[\\^]", "", end), why) for end, why in kinds.items())
    return table("resource ends with | why", ((f"`{end}`", why) for end, why in plain))


def trust() -> str:
    """Every role: who may assume it, on what condition, and which stages have one."""
    # Qa is neither the first nor the last stage: it has every role of a job.
    files = [*SNAPSHOTS.glob("**/*-Serving.json"), SNAPSHOTS / "pipeline" / "qa-PipelineRoles.json"]
    statements = {
        name: role["AssumeRolePolicyDocument"]["Statement"]
        for file in files
        for name, role in _roles(file)
    }
    if unknown := statements.keys() - _ROLES.keys():
        raise ValueError(f"no words for the roles {sorted(unknown)}: add some to _ROLES")
    rows = (
        (
            role,
            _plain(next(iter(statement["Principal"].values()))),
            _job(_condition(statement)) or "none",
            stages,
            f"[{Path(file).name}](../{file})",
        )
        for name, (role, stages, file) in _ROLES.items()
        for statement in statements[name]
    )
    return table("role | assumed by | condition | stages | file", rows)


def _job(condition: str) -> str:
    """A condition with words for the tests' own repository and stages."""
    words = {
        "octo-org@123456/ner@456789": "OWNER/REPOSITORY",
        "environment:qa": "environment:STAGE",
        "environment:prod": "environment:NEXT-STAGE",
    }
    for name, word in words.items():
        condition = condition.replace(name, word)
    return condition


def execution_roles() -> str:
    """The permissions of the execution role of each example."""
    who: dict[tuple[str, str, str], list[str]] = {}
    examples = sorted(SNAPSHOTS.glob("*/*-Serving.json"))
    for file in examples:
        for row in _execution_permissions(file):
            who.setdefault(row, []).append(file.parent.name)
    rows = []
    for row, found in sorted(who.items()):
        names = dict.fromkeys(found)
        rows.append((*row, "all" if len(names) == len(examples) else ", ".join(names)))
    return table("may | on | held by | examples", rows)


def other_roles() -> str:
    """The permissions of the other roles of a stage."""
    rows = dict.fromkeys(
        (
            _ROLES[name][0],
            code(_list(statement["Action"])),
            code(_plain(resource) for resource in _list(statement["Resource"])),
        )
        for file in sorted(SNAPSHOTS.glob("**/*-Serving.json"))
        for name, statement in _permissions(file)
        if name != _EXECUTION_ROLE
    )
    return table("role | may | on", rows)


def key_users() -> str:
    """Who may use a stage's key, by its policy."""
    (key,) = _of(SNAPSHOTS / "dev-Storage.json", "AWS::KMS::Key").values()
    rows = (
        (
            f"`{_plain(next(iter(statement['Principal'].values())))}`",
            code(_list(statement["Action"])),
            _condition(statement),
        )
        for statement in key["KeyPolicy"]["Statement"]
    )
    return table("who | may | held by", rows)


def _of(file: Path, type_name: str) -> dict[str, dict[str, Any]]:
    resources = json.loads(file.read_text(encoding="utf-8"))["Resources"]
    return {
        logical_id: one["Properties"]
        for logical_id, one in resources.items()
        if one["Type"] == type_name
    }


def _roles(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """A template's roles, by their logical ids without the hash."""
    for logical_id, role in _of(file, "AWS::IAM::Role").items():
        yield re.sub("[0-9A-F]{8}$", "", logical_id), role


def _permissions(file: Path) -> Iterator[tuple[str, Statement]]:
    for name, role in _roles(file):
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def _execution_permissions(file: Path) -> Iterator[tuple[str, str, str]]:
    for name, statement in _permissions(file):
        if name != _EXECUTION_ROLE:
            continue
        for action in _list(statement["Action"]):
            for resource in _list(statement["Resource"]):
                yield f"`{action}`", f"`{_plain(resource)}`", _condition(statement)


def _condition(statement: Statement) -> str:
    held = [
        f"`{key}` {' or '.join(f'`{_plain(one)}`' for one in _list(value))}"
        for operator in statement.get("Condition", {}).values()
        for key, value in operator.items()
    ]
    return ", ".join(held)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    """A principal or resource in words, with names for references, without accounts and regions."""
    if isinstance(value, dict):
        ((function, argument),) = value.items()
        if function == "Fn::Join":
            return _plain("".join(_plain(one) for one in argument[1]))
        return _referred(argument)
    text = re.sub(r"\b\d{12}\b", "ACCOUNT", value)
    text = re.sub(r"\b[a-z]{2}-[a-z]+-\d\b", "REGION", text)
    if _ENDPOINT_LOGS.search(text):
        return "the endpoint's log group"
    return text.removeprefix("arn:aws:s3:::")


def _referred(argument: Any) -> str:
    name = argument["OutputName"] if isinstance(argument, dict) else _list(argument)[0]
    for pattern, words in _REFERENCES.items():
        if match := re.fullmatch(pattern, name):
            return match.expand(words)
    raise ValueError(f"no words for a reference to {name}: add some to _REFERENCES")
