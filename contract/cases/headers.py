"""The headers that SageMaker passes, and those that it does not know."""

from contract.assertions import Skipped, required
from contract.bench import Bench
from contract.case import Need, case
from contract.client import request_bytes
from contract.sources import HOSTING, HTTP, INVOKE

_CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
_MOST_CUSTOM = 1024


@case(
    "headers.sagemaker",
    "An invocation with all of SageMaker's headers is answered as one without",
    source=INVOKE,
    need=Need.REQUIRED,
)
def sagemaker(bench: Bench) -> None:
    """Send them at their greatest lengths."""
    got = bench.invoke(
        headers={
            _CUSTOM: "c" * _MOST_CUSTOM,
            "X-Amzn-SageMaker-Inference-Id": "i" * 64,
            "X-Amzn-SageMaker-Target-Variant": "AllTraffic",
            "X-Amzn-SageMaker-Enable-Explanations": "`false`",
            "Accept": "*/*",
        }
    )
    required(got.status == 200, f"it answered {got}")


@case(
    "headers.unknown",
    "Headers that it does not know are ignored",
    source=HOSTING,
    need=Need.REQUIRED,
)
def unknown(bench: Bench) -> None:
    """Send some that nobody knows, one of them long."""
    got = bench.invoke(
        headers={"X-No-Such-Header": "x" * 2000, "X-Amzn-Trace-Id": "Root=1-5-9", "X-Empty": ""}
    )
    required(got.status == 200, f"it answered {got}")


@case(
    "headers.custom-attributes",
    "Custom-Attributes, where the answer has them, are at most 1024 visible ASCII characters",
    source=INVOKE,
    need=Need.OPTIONAL,
)
def custom_attributes(bench: Bench) -> str:
    """Ask with and without them."""
    sent = "request=42,tenant=a b"
    returned = [bench.invoke(headers={_CUSTOM: sent}), bench.invoke()]
    values = [value for got in returned if (value := got.headers.get(_CUSTOM)) is not None]
    if not values:
        raise Skipped("it sets none")
    wrong = [v for v in values if len(v) > _MOST_CUSTOM or not (v.isascii() and v.isprintable())]
    required(not wrong, f"it set {(wrong or [''])[0][:80]!r}")
    required(returned[1].headers.get(_CUSTOM) != sent, "one request's are in another's answer")
    return "as they came" if values[0] == sent else f"its own: {values[0][:60]}"


@case(
    "headers.hop-by-hop",
    "`Connection: close` is done, and no answer has both a length and chunks",
    source=HTTP,
    need=Need.PRACTICE,
)
def hop_by_hop(bench: Bench) -> None:
    """Ask for the end of the connection, with headers that are the connection's alone."""
    example = bench.example
    headers = {
        "Content-Type": example.content_type,
        "Connection": "close, X-For-This-Hop",
        "X-For-This-Hop": "1",
        "TE": "trailers",
        "Keep-Alive": "timeout=1",
    }
    with bench.client.connect() as connection:
        data = request_bytes("POST", "/invocations", example.body, headers)
        sent = connection.send(data, timeout=bench.limits.answer)
        got = connection.receive("POST", timeout=bench.limits.answer, sent=sent)
        required(got.status == 200, f"it answered {got}")
        both = "Content-Length" in got.headers and "Transfer-Encoding" in got.headers
        required(not both, "the answer has Content-Length and Transfer-Encoding")
        required(connection.ends(timeout=2), "the connection was left open")
