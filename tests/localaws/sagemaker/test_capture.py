"""Data capture: requests and answers as files of JSON lines in the bucket that was named."""

import base64
import json
import re
from typing import Any

import pytest

from tests.localaws.sagemaker.conftest import BUCKET, Account, eventually

pytestmark = pytest.mark.slow

FILE = re.compile(r"\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl")


def serving(
    account: Account, prefix: str, percent: int = 100, modes: tuple[str, ...] = ("Input", "Output")
) -> str:
    """An endpoint that captures that share below a prefix of the bucket."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": percent,
        "DestinationS3Uri": f"s3://{BUCKET}/{prefix}/",
        "KmsKeyId": "alias/of-a-stage",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
    }
    return account.serve(whole={"DataCaptureConfig": capture})


def captured(account: Account, prefix: str, name: str) -> list[dict[str, Any]]:
    """Every line of every file of the endpoint's variant."""
    s3 = account.client("s3")
    folder = f"{prefix}/{name}/all/"
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=folder).get("Contents", [])
    lines = []
    for entry in found:
        assert FILE.fullmatch(entry["Key"].removeprefix(folder)), entry["Key"]
        content = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        lines += [json.loads(line) for line in content.splitlines()]
    return lines


def test_a_request_and_its_answer_become_a_line(account: Account) -> None:
    name = serving(account, "whole")
    told = account.invoke(name, {"a": 1}, ContentType="application/json", InferenceId="mine")
    (line,) = eventually(lambda: captured(account, "whole", name))
    sides = line["captureData"]
    assert sides["endpointInput"] == {
        "observedContentType": "application/json",
        "mode": "INPUT",
        "data": '{"a": 1}',
        "encoding": "JSON",
    }
    assert sides["endpointOutput"]["mode"] == "OUTPUT"
    assert json.loads(sides["endpointOutput"]["data"]) == told
    assert line["eventVersion"] == "0"
    assert line["eventMetadata"]["inferenceId"] == "mine"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["eventMetadata"]["inferenceTime"])
    account.delete(name)


@pytest.mark.parametrize(
    ("content_type", "encoding", "data"),
    [
        ("text/csv; header=absent", "CSV", "1"),
        ("application/x-npy", "BASE64", base64.b64encode(b"1").decode()),
    ],
)
def test_text_stays_text_where_the_configuration_names_its_type(
    account: Account, content_type: str, encoding: str, data: str
) -> None:
    prefix = f"as-{encoding}"
    name = serving(account, prefix, modes=("Input",))
    account.invoke(name, 1, ContentType=content_type)
    (line,) = eventually(lambda: captured(account, prefix, name))
    assert set(line["captureData"]) == {"endpointInput"}
    side = line["captureData"]["endpointInput"]
    assert (side["encoding"], side["data"]) == (encoding, data)
    account.delete(name)


def test_a_share_is_captured(account: Account) -> None:
    half, none, last = (serving(account, "share", percent) for percent in (50, 0, 100))
    for _ in range(60):  # of which all or none are captured once in a million million times
        account.invoke(half)
        account.invoke(none)
    account.invoke(last)
    # What came before it has been written by then, too.
    eventually(lambda: captured(account, "share", last))
    assert 0 < len(captured(account, "share", half)) < 60
    assert captured(account, "share", none) == []
    for name in (half, none, last):
        account.delete(name)
