"""Log queries that are there when they are needed."""

from collections.abc import Mapping

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.stage_plan import StageNames


class SavedQueries(Construct):
    """Queries of CloudWatch Logs Insights, in a folder of the endpoint's name."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StageNames,
        log_group_name: str,
        queries: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id)
        for name, query in queries.items():
            logs.CfnQueryDefinition(
                self,
                name,
                name=names.saved_query(name),
                query_string=query,
                log_group_names=[log_group_name],
            )
