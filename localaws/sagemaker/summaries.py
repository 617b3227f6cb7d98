"""The summary of a variant, from its configuration to what DescribeEndpoint shows of it.

A summary has the members of ProductionVariantSummary. Where the variant has instance pools,
`_pools` names their types and `_pool` the one that it runs on; neither is shown.
"""

from localaws.sagemaker.specs import VariantSpec
from localaws.sagemaker.state import now
from localaws.scope import Document

SERVERLESS = "DesiredServerlessConfig"
"""The member that only the summary of a serverless variant has."""


def fresh(spec: VariantSpec) -> Document:
    """The summary of a new variant."""
    image, variant = spec.container.get("Image", ""), spec.variant
    resolved = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now()}
    summary = {
        "VariantName": spec.name,
        "DeployedImages": [resolved],
        "CurrentWeight": 0.0,
        "DesiredWeight": variant.get("InitialVariantWeight", 1.0),
        "CurrentInstanceCount": 0,
        # A serverless variant has no instances to count; here it is one program.
        "DesiredInstanceCount": variant.get("InitialInstanceCount", 1),
    }
    if "ServerlessConfig" in variant:
        summary[SERVERLESS] = variant["ServerlessConfig"]
    if "InstancePools" in variant:
        summary["_pools"] = [one["InstanceType"] for one in variant["InstancePools"]]
        summary["_pool"] = spec.pool.instance_type if spec.pool else ""
    return summary


def reached(summary: Document) -> Document:
    """A summary once the variant has what is desired."""
    return {
        **summary,
        "CurrentInstanceCount": summary["DesiredInstanceCount"],
        "CurrentWeight": summary["DesiredWeight"],
        **({"CurrentServerlessConfig": summary[SERVERLESS]} if SERVERLESS in summary else {}),
    }


def described(summaries: list[Document], shadow: str) -> Document:
    """Summaries as the members ProductionVariants and ShadowProductionVariants of a response."""
    production = [_shown(one) for one in summaries if one["VariantName"] != shadow]
    shadows = [_shown(one) for one in summaries if one["VariantName"] == shadow]
    response = {"ProductionVariants": production}
    return {**response, "ShadowProductionVariants": shadows} if shadows else response


def _shown(summary: Document) -> Document:
    shown = {name: value for name, value in summary.items() if not name.startswith("_")}
    if SERVERLESS in summary:
        del shown["CurrentInstanceCount"], shown["DesiredInstanceCount"]
    if "_pools" in summary:
        count = summary["CurrentInstanceCount"]
        shown["InstancePools"] = [
            {"InstanceType": one, "CurrentInstanceCount": count if one == summary["_pool"] else 0}
            for one in summary["_pools"]
        ]
    return shown
