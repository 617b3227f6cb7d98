"""The headers that SageMaker passes, and those that it does not know."""

from contract.assertions import Skipped, required
from contract.bench import Bench
from contract.canary import ATTRIBUTES
from contract.case import Need, case
from contract.sources import HOSTING, HTTP, INVOKE

_CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
_MOST_CUSTOM = 1024


@case("headers.sagemaker", Need.REQUIRED, INVOKE)
def sagemaker(bench: Bench) -> None:
    """An invocation with all of SageMaker's headers at full length succeeds."""
    headers = {
        _CUSTOM: ATTRIBUTES.ljust(_MOST_CUSTOM, "c"),
        "X-Amzn-SageMaker-Inference-Id": "i" * 64,
        "X-Amzn-SageMaker-Target-Variant": "AllTraffic",
        "X-Amzn-SageMaker-Enable-Explanations": "`false`",
        "Accept": "*/*",
    }
    bench.invoke(headers=headers).require_200()


@case("headers.unknown", Need.REQUIRED, HOSTING)
def unknown(bench: Bench) -> None:
    """Unknown headers are ignored."""
    headers = {"X-No-Such-Header": "x" * 2000, "X-Amzn-Trace-Id": "Root=1-5-9", "X-Empty": ""}
    bench.invoke(headers=headers).require_200()


@case("headers.custom-attributes", Need.OPTIONAL, INVOKE)
def custom_attributes(bench: Bench) -> str:
    """Custom-Attributes in a response are at most 1024 visible ASCII characters."""
    sent = f"request=42,tenant={ATTRIBUTES} b"
    returned = [bench.invoke(headers={_CUSTOM: sent}), bench.invoke(headers={_CUSTOM: None})]
    values = [value for got in returned if (value := got.headers.get(_CUSTOM)) is not None]
    if not values:
        raise Skipped("it sets none")
    wrong = [v for v in values if len(v) > _MOST_CUSTOM or not (v.isascii() and v.isprintable())]
    required(not wrong, f"it set {(wrong or [''])[0][:80]!r}")
    required(returned[1].headers.get(_CUSTOM) != sent, "one request's are in another's response")
    return "as they came" if values[0] == sent else f"its own: {values[0][:60]}"


@case("headers.hop-by-hop", Need.PRACTICE, HTTP)
def hop_by_hop(bench: Bench) -> None:
    """`Connection: close` is honoured, and no response has both a length and chunks."""
    headers = {
        "Connection": "close, X-For-This-Hop",
        "X-For-This-Hop": "1",
        "TE": "trailers",
        "Keep-Alive": "timeout=1",
    }
    with bench.client.connect() as connection:
        data = bench.example.request(headers=headers)
        got = connection.exchange(data, timeout=bench.limits.response)
        got.require_200()
        both = "Content-Length" in got.headers and "Transfer-Encoding" in got.headers
        required(not both, "the response has Content-Length and Transfer-Encoding")
        required(connection.ends(timeout=2), "the connection was left open")
