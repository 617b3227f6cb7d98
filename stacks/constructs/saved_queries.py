"""Log queries that are there when they are needed."""

from collections.abc import Mapping

from aws_cdk import aws_logs as logs
from constructs import Construct


class SavedQueries(Construct):
    """Queries of CloudWatch Logs Insights, in a folder of the endpoint's name."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        folder: str,
        log_group_name: str,
        queries: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id)
        for name, query in queries.items():
            logs.CfnQueryDefinition(
                self,
                name,
                name=f"{folder}/{name}",
                query_string=query,
                log_group_names=[log_group_name],
            )
