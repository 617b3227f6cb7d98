"""Our own rules for endpoints, which the public packs do not know, run on every template."""

import json
from pathlib import Path

import aws_cdk as cdk
import jsii

from stacks.compliance.endpoint_rules import RULES, Rule


@jsii.implements(cdk.IPolicyValidationPlugin)
class EndpointPack:
    """The rules as a validation plugin of the CDK, beside cdk-nag's packs."""

    @property
    def name(self) -> str:
        """What stands before the rules' names in the report."""
        return "Endpoint"

    @property
    def version(self) -> str:
        """None other than Berth's own."""
        return "1"

    @property
    def rule_ids(self) -> list[str]:
        """The rules' names."""
        return [rule.name for rule in RULES]

    @jsii.member(jsii_name="validate")
    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Every template against every rule."""
        violations = [
            violation
            for path in context.template_paths
            for rule in RULES
            if (violation := _violation(rule, path))
        ]
        return cdk.PolicyValidationPluginReport(success=not violations, violations=violations)


def _violation(rule: Rule, path: str) -> cdk.PolicyViolation | None:
    template = json.loads(Path(path).read_text())
    found = list(rule.broken_by(template))
    if not found:
        return None
    return cdk.PolicyViolation(
        rule_name=rule.name,
        description=rule.asks_for,
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=logical_id,
                template_path=path,
                locations=[f"Resources/{logical_id}"],
            )
            for logical_id in found
        ],
    )
