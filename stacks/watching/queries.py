"""CloudWatch Logs Insights queries for the usual questions, on the container's JSON lines.

Fields are those of container/berth_serving/logs.py: `message`, `level`, `request_id`,
`inference_id`, and of an invocation's line `status`, `ms` and, of a refusal, `code`.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from stacks.watching.drift import EVENT

INFERENCE_ID = "PUT-THE-ID-HERE"

_QUERIES = {
    "slowest requests": """\
filter message = "invocation"
| sort ms desc
| limit 50
| display @timestamp, ms, status, request_id, inference_id, @logStream""",
    "answers by status": """\
filter message = "invocation"
| stats count(*) as answers, pct(ms, 50) as p50, pct(ms, 99) as p99, max(ms) as slowest
    by status, code
| sort status asc""",
    "failures": """\
filter level = "ERROR" or level = "CRITICAL"
| parse traceback /(?<reason>[^\\n]+)$/
| stats count(*) as times, max(@timestamp) as last by message, reason
| sort times desc""",
    # Also the lines that SageMaker itself writes of a request in async mode.
    "one request by its inference id": f"""\
fields @timestamp, level, message, status, ms, traceback, @logStream
| filter @message like "{INFERENCE_ID}"
| sort @timestamp asc""",
    "starts and stops": """\
filter message like /^(listening on|model ready|versions differ|out of memory|stopped)/
    or message like /^(a worker has ended|the worker failed|model .* is served no more)/
| sort @timestamp desc
| limit 200
| display @timestamp, level, message, seconds, @logStream""",
}
_FOUND = {
    "entities": "avg(model.mean_score) as score",
    "classes": "avg(model.mean_score) as score, avg(model.mean_entropy) as entropy",
    "numbers": "avg(model.mean_score) as score",
    "vectors": "avg(model.mean_norm) as norm",
}


def queries(task: str) -> dict[str, str]:
    """The queries of a stage by their names; `task` is that of its drift settings."""
    return {
        **_QUERIES,
        "what the model was asked and found": f"""\
filter event = "{EVENT}"
| stats sum(model.texts) as texts, avg(model.tokens_per_text) as tokens,
    avg(model.unknown_token_share) as unknown, {_FOUND[task]} by bin(15m)""",
    }
