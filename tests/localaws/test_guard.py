"""Which requests are taken: those that are signed with the secret of this start."""

import asyncio
import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from localaws import home, lifecycle
from localaws.guard import guarded
from stacks.settings import Settings
from tests.browser import Page, pages
from tests.localaws.conftest import TestEmulator

pytestmark = pytest.mark.slow

ACCOUNT, REGION = "111111111111", "eu-central-1"


def fetched(url: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
    """Status, headers and body of a request that is sent as it is given."""
    return answered(urllib.request.Request(url, data=body, headers=headers))  # noqa: S310


def answered(request: urllib.request.Request) -> tuple[int, Any, bytes]:
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def signed(
    emulator: TestEmulator, method: str, path: str, *, service: str = "sts", secret: str = ""
) -> dict[str, str]:
    """The headers of a request, signed by botocore."""
    request = AWSRequest(method, emulator.url + path, data=b"")
    own = Credentials(ACCOUNT, secret or emulator.running.secret)
    SigV4Auth(own, service, REGION).add_auth(request)
    return dict(request.headers.items())


def code_of(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as found:
        call(**arguments)
    response = found.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def stranger(emulator: TestEmulator, service: str) -> Any:
    """A client of the account with another secret."""
    return boto3.Session().client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        endpoint_url=emulator.url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="local",
    )


def test_each_start_has_a_secret_that_only_its_user_may_read(
    tmp_path: Path, settings: Settings
) -> None:
    seen = []
    for _ in range(2):
        with lifecycle.running(tmp_path, settings) as running:
            seen.append(running.secret)
            given = running.session("dev").get_credentials()
            assert given
            assert (given.access_key, given.secret_key) == (ACCOUNT, running.secret)
            caller = running.session("dev").client("sts").get_caller_identity()
            assert caller["Account"] == ACCOUNT
            for name in ("secret", "credentials"):
                assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert len(set(seen)) == 2
    assert all(len(secret) > 40 for secret in seen)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "refused"),
    [
        ("sts", "get_caller_identity", {}, ("SignatureDoesNotMatch", 403)),
        ("cloudformation", "list_stacks", {}, ("SignatureDoesNotMatch", 403)),
        ("s3", "list_buckets", {}, ("SignatureDoesNotMatch", 403)),
        ("s3", "head_bucket", {"Bucket": "any"}, ("403", 403)),
        ("ecr", "get_authorization_token", {}, ("InvalidSignatureException", 400)),
        ("sagemaker", "list_models", {}, ("InvalidSignatureException", 400)),
        (
            *("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b"{}"}),
            ("InvalidSignatureException", 403),
        ),
    ],
)
def test_another_secret_is_refused_in_the_services_words(
    emulator: TestEmulator,
    service: str,
    operation: str,
    arguments: dict[str, Any],
    refused: tuple[str, int],
) -> None:
    assert code_of(getattr(stranger(emulator, service), operation), **arguments) == refused


def test_an_unsigned_request_is_refused(emulator: TestEmulator) -> None:
    status, _, body = fetched(f"{emulator.url}/?Action=GetCallerIdentity&Version=2011-06-15")
    assert (status, b"MissingAuthenticationToken" in body) == (403, True)
    status, _, body = fetched(f"{emulator.url}/bucket/key")
    assert (status, b"AccessDenied" in body) == (403, True)
    unsigned = Config(signature_version=UNSIGNED)
    s3 = boto3.Session().client(
        "s3", region_name=REGION, endpoint_url=emulator.url, config=unsigned
    )
    with pytest.raises(ClientError):
        s3.list_buckets()


def test_what_is_signed_is_what_is_sent(emulator: TestEmulator) -> None:
    s3 = emulator.client("s3", "dev")
    place = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="as-signed", CreateBucketConfiguration=place)

    def exchange(request: Any, **_: Any) -> None:
        request.body = b"other"

    s3.meta.events.register("before-send.s3.PutObject", exchange)
    code, _ = code_of(s3.put_object, Bucket="as-signed", Key="1", Body=b"these")
    assert code in ("XAmzContentSHA256Mismatch", "SignatureDoesNotMatch")


@pytest.mark.parametrize("key", ["plain", "a b/ü+&=%25/../..//x", "x/"])
def test_a_presigned_url_is_taken_until_it_expires(emulator: TestEmulator, key: str) -> None:
    s3 = emulator.client("s3", "dev")
    if not any(one["Name"] == "presigned" for one in s3.list_buckets()["Buckets"]):
        place = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket="presigned", CreateBucketConfiguration=place)
    s3.put_object(Bucket="presigned", Key=key, Body=b"content")
    what = {"Bucket": "presigned", "Key": key}
    url = s3.generate_presigned_url("get_object", Params=what, ExpiresIn=60)
    assert fetched(url)[::2] == (200, b"content")
    assert fetched(url.replace("Expires=60", "Expires=61"))[0] == 403
    foreign = stranger(emulator, "s3")
    assert fetched(foreign.generate_presigned_url("get_object", Params=what))[0] == 403


def test_a_presigned_url_that_has_expired_is_refused(emulator: TestEmulator) -> None:
    request = AWSRequest("GET", f"{emulator.url}/?Action=GetCallerIdentity&Version=2011-06-15")
    own = Credentials(ACCOUNT, emulator.running.secret)
    SigV4QueryAuth(own, "sts", REGION, expires=900).add_auth(request)
    assert fetched(request.url)[0] == 200  # type: ignore[arg-type]

    past = datetime.now(UTC) - timedelta(hours=1)
    old = AWSRequest("GET", f"{emulator.url}/?Action=GetCallerIdentity&Version=2011-06-15")
    auth = SigV4QueryAuth(own, "sts", REGION, expires=900)
    old.context["timestamp"] = past.strftime("%Y%m%dT%H%M%SZ")
    auth._modify_request_before_signing(old)  # type: ignore[attr-defined]
    to_sign = auth.string_to_sign(old, auth.canonical_request(old))
    auth._inject_signature_to_request(old, auth.signature(to_sign, old))  # type: ignore[attr-defined]
    status, _, body = fetched(old.url)  # type: ignore[arg-type]
    assert (status, b"expired" in body) == (403, True)


class ChunkedAuth(S3SigV4Auth):
    """Signs a request whose body follows in signed chunks.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    """

    def payload(self, request: Any) -> str:
        return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


def chunk(auth: SigV4Auth, request: AWSRequest, before: str, content: bytes) -> tuple[str, bytes]:
    """A chunk and its signature, which has that of the one before in it."""
    moment = request.context["timestamp"]
    empty, own = (sha256(part).hexdigest() for part in (b"", content))
    lines = ["AWS4-HMAC-SHA256-PAYLOAD", moment, auth.credential_scope(request), before, empty, own]
    signature = auth.signature("\n".join(lines), request)
    head = f"{len(content):x};chunk-signature={signature}".encode()
    return signature, head + b"\r\n" + content + b"\r\n"


def test_a_body_in_chunks_is_taken_where_each_is_signed(emulator: TestEmulator) -> None:
    s3 = emulator.client("s3", "dev")
    s3.create_bucket(Bucket="chunks", CreateBucketConfiguration={"LocationConstraint": REGION})
    url, contents = f"{emulator.url}/chunks/1", [b"one" * 30_000, b"two", b""]
    for exchanged, status in ((b"two", 200), (b"TWO", 403)):
        request = AWSRequest("PUT", url, data=b"")
        request.headers["content-encoding"] = "aws-chunked"
        request.headers["x-amz-decoded-content-length"] = f"{sum(map(len, contents))}"
        auth = ChunkedAuth(Credentials(ACCOUNT, emulator.running.secret), "s3", REGION)
        auth.add_auth(request)
        signature = request.headers["Authorization"].rpartition("Signature=")[2]
        body = b""
        for content in contents:
            signature, part = chunk(auth, request, signature, content)
            body += part.replace(b"two", exchanged)
        sent = urllib.request.Request(  # noqa: S310
            url, body, dict(request.headers.items()), method="PUT"
        )
        assert answered(sent)[0] == status
    assert s3.get_object(Bucket="chunks", Key="1")["Body"].read() == b"".join(contents)


def test_an_unsigned_payload_is_taken_where_the_client_says_so(emulator: TestEmulator) -> None:
    config = Config(s3={"payload_signing_enabled": False})
    s3 = boto3.Session().client(
        "s3",
        region_name=REGION,
        endpoint_url=emulator.url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=emulator.running.secret,
        config=config,
    )
    place = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="unsigned-payload", CreateBucketConfiguration=place)
    s3.put_object(Bucket="unsigned-payload", Key="1", Body=b"1")


def test_a_session_and_a_users_key_have_secrets_of_their_own(emulator: TestEmulator) -> None:
    iam = emulator.client("iam", "dev")
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}}}}]}}'
    )
    iam.create_role(RoleName="guarded", AssumeRolePolicyDocument=trust)
    given = emulator.client("sts", "dev").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/guarded", RoleSessionName="session"
    )["Credentials"]
    iam.create_user(UserName="guarded")
    key = iam.create_access_key(UserName="guarded")["AccessKey"]

    def caller(key_id: str, secret: str, token: str | None) -> Any:
        return boto3.Session().client(
            "sts",
            region_name=REGION,
            endpoint_url=emulator.url,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )

    session = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    arn = caller(*session).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/guarded/session"
    user = (key["AccessKeyId"], key["SecretAccessKey"], None)
    caller(*user).get_caller_identity()
    others = emulator.running.secret
    for known in (session, user):
        refused = caller(known[0], others, known[2]).get_caller_identity
        assert code_of(refused) == ("SignatureDoesNotMatch", 403)
    wrong = caller(session[0], session[1], "none").get_caller_identity
    assert code_of(wrong) == ("InvalidClientTokenId", 403)
    unknown = caller("ASIAUNKNOWN000000000", others, "none").get_caller_identity
    assert code_of(unknown) == ("InvalidClientTokenId", 403)


def test_the_registry_takes_the_tokens_that_it_has_given(emulator: TestEmulator) -> None:
    ecr = emulator.client("ecr", "dev")
    (given,) = ecr.get_authorization_token()["authorizationData"]
    (other,) = ecr.get_authorization_token()["authorizationData"]
    assert given["authorizationToken"] != other["authorizationToken"]
    url = f"{emulator.url}/v2/"
    assert fetched(url, Authorization=f"Basic {given['authorizationToken']}")[0] == 200
    for guess in ("AWS:ministack-auth-token", "AWS:", "AWS:local"):
        token = base64.b64encode(guess.encode()).decode()
        status, headers, _ = fetched(url, Authorization=f"Basic {token}")
        assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="ecr"')
    headers = signed(emulator, "GET", "/v2/_catalog")
    assert fetched(f"{emulator.url}/v2/_catalog", None, **headers)[0] == 401


def test_reset_and_settings_need_the_secret(emulator: TestEmulator) -> None:
    path = "/_ministack/config"
    for secret, status in (("local", 403), ("", 200)):
        headers = signed(emulator, "POST", path, secret=secret)
        assert fetched(emulator.url + path, b"", **headers)[0] == status
    assert fetched(f"{emulator.url}/_ministack/reset", b"")[0] == 403


def test_whether_it_is_ready_is_all_that_is_told_to_everybody(emulator: TestEmulator) -> None:
    status, headers, body = fetched(emulator.url + home.READY)
    assert (status, body) == (200, b"")
    assert {name.lower() for name in headers} <= {"connection", "content-length", "date"}


FUNCTION = """
import json, urllib.request
def handle(event, context):
    same = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    response = same | {"Status": "SUCCESS", "PhysicalResourceId": "made", "Data": {"Said": "yes"}}
    urllib.request.urlopen(urllib.request.Request(
        event["ResponseURL"], json.dumps(response).encode(), {"Content-Type": ""}, method="PUT"))
"""
"""A custom resource's, which responds as those of CDK do."""


def test_a_custom_resources_function_responds_to_its_own_url(emulator: TestEmulator) -> None:
    resources = {
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": FUNCTION},
                "Handler": "index.handle",
                "Role": f"arn:aws:iam::{ACCOUNT}:role/any",
                "Runtime": "python3.12",
            },
        },
        "Own": {
            "Type": "Custom::Own",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}},
        },
    }
    outputs = {"Said": {"Value": {"Fn::GetAtt": ["Own", "Said"]}}}
    cloudformation = emulator.client("cloudformation", "dev")
    template = json.dumps({"Resources": resources, "Outputs": outputs})
    cloudformation.create_stack(StackName="own", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="own", WaiterConfig={"Delay": 1}
    )
    (stack,) = cloudformation.describe_stacks(StackName="own")["Stacks"]
    assert stack["Outputs"][0]["OutputValue"] == "yes"


@pytest.mark.parametrize("way", [way for way in pages(0) if way != "no browser"])
def test_what_a_page_sends_is_refused_even_where_it_is_signed(
    emulator: TestEmulator, way: str
) -> None:
    page = pages(emulator.port)[way]
    headers = signed(emulator, "GET", "/health")
    answer = page.send("GET", "/health", b"", **headers)
    assert answer.status == 403
    assert b"localaws takes no request of a web page (" in answer.body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_names_of_this_machine_are_taken(emulator: TestEmulator, host: str) -> None:
    answer = Page(emulator.port, host, {"Sec-Fetch-Site": "none"}).send("GET", home.READY)
    assert answer.status == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:80", "", "111111111111.dkr.ecr.eu-central-1.amazonaws.com"]
)
def test_another_port_or_none_is_not_taken(emulator: TestEmulator, host: str) -> None:
    status, _, body = fetched(f"{emulator.url}/", Host=host)
    assert (status, b"Host: " in body) == (403, True)


def test_no_response_lets_a_page_read_it(emulator: TestEmulator) -> None:
    own = signed(emulator, "GET", "/", service="s3")
    status, headers, _ = fetched(emulator.url + "/", None, **own)
    assert status == 200
    assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_a_websocket_is_closed_before_it_opens() -> None:
    sent: list[dict[str, Any]] = []

    async def unreachable(*_: Any) -> Any:
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def open_one() -> None:
        await guarded(unreachable, 1)({"type": "websocket"}, unreachable, send)

    asyncio.run(open_one())
    assert sent == [{"type": "websocket.close", "code": 1008}]
