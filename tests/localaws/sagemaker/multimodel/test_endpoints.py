"""Multi-model endpoints as an unchanged boto3 client sees them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import IMAGE, ROLE, Account, eventually
from tests.localaws.sagemaker.multimodel.conftest import ARCHIVES, MultiModel

pytestmark = pytest.mark.slow


def test_the_first_call_loads_a_model_and_later_ones_find_it(endpoint: MultiModel) -> None:
    a, b = endpoint.put("a.tar.gz"), endpoint.put("de/b.tar.gz")
    assert endpoint.invoke(a)["answer"] == a
    assert endpoint.invoke(f"/{b}")["answer"] == b
    assert endpoint.history(a) == [f"load {a} 200", f"load {b} 200"]
    assert endpoint.invoke(a)["headers"]["x-amzn-sagemaker-target-model"] == a


def test_an_archive_that_is_put_later_is_found_without_a_deployment(endpoint: MultiModel) -> None:
    with pytest.raises(ClientError, match="Failed to download model data") as caught:
        endpoint.invoke("late.tar.gz")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    endpoint.put("late.tar.gz")
    assert endpoint.invoke("late.tar.gz")["answer"] == "late.tar.gz"


def test_what_was_used_longest_ago_makes_room_in_memory(endpoint: MultiModel) -> None:
    a, b, c = (endpoint.put(f"{name}.tar.gz") for name in "abc")
    for key in (a, b, a, c):
        endpoint.invoke(key)
    assert endpoint.history(c)[2:] == [f"load {c} 507", f"unload {b}", f"load {c} 200"]
    assert endpoint.history(a)[5:] == []


def test_a_model_that_left_memory_is_not_downloaded_again(endpoint: MultiModel) -> None:
    a, b, c = (endpoint.put(f"{name}.tar.gz") for name in "abc")
    for key in (a, b, c):
        endpoint.invoke(key)
    endpoint.s3.delete_object(Bucket=ARCHIVES, Key=f"{endpoint.prefix}/{a}")
    assert endpoint.invoke(a)["answer"] == a


def test_a_model_in_use_is_not_evicted(endpoint: MultiModel, tmp_path: Path) -> None:
    a, b, c = (endpoint.put(f"{name}.tar.gz") for name in "abc")
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(endpoint.invoke, key, {"gate": str(tmp_path)}) for key in (a, b)]
        eventually(lambda: len(list(tmp_path.iterdir())) == 2)
        with pytest.raises(ClientError, match="507"):
            endpoint.invoke(c)
        (tmp_path / "open").touch()
        assert [one.result()["answer"] for one in slow] == [a, b]
    assert endpoint.invoke(c)["answer"] == c


def test_memory_that_an_invocation_lacks_is_made(endpoint: MultiModel) -> None:
    a, b = endpoint.put("a.tar.gz"), endpoint.put("b.tar.gz", alone=True)
    endpoint.invoke(a)
    assert endpoint.history(b) == [f"load {a} 200", f"load {b} 200", f"unload {a}"]


def test_a_model_that_the_container_lost_is_loaded_again(endpoint: MultiModel) -> None:
    a = endpoint.put("a.tar.gz")
    told = endpoint.invoke(a, {"forget": True})
    assert told["history"] == [f"load {a} 200", "forgot", f"load {a} 200"]


def test_requests_for_one_model_wait_for_one_load(endpoint: MultiModel) -> None:
    a = endpoint.put("a.tar.gz", load_seconds=1)
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda _: endpoint.invoke(a)["history"], range(4)))
    assert answers == [[f"load {a} 200"]] * 4


def test_a_model_that_cannot_be_loaded_is_a_model_error(endpoint: MultiModel) -> None:
    a = endpoint.put("a.tar.gz", refuse=500)
    with pytest.raises(ClientError) as caught:
        endpoint.invoke(a)
    error: dict[str, Any] = {**caught.value.response}
    assert error["Error"]["Code"] == "ModelError"
    assert error["OriginalStatusCode"] == 500


def test_an_object_that_is_no_archive_is_refused(endpoint: MultiModel) -> None:
    endpoint.s3.put_object(Bucket=ARCHIVES, Key=f"{endpoint.prefix}/a.txt", Body=b"text")
    with pytest.raises(ClientError, match="Failed to extract the model data archive"):
        endpoint.invoke("a.txt")


def test_without_a_cache_a_model_leaves_after_its_answer(account: Account) -> None:
    setting = {"MultiModelConfig": {"ModelCacheSetting": "Disabled"}}
    endpoint = MultiModel(account, "multi", setting)
    a = endpoint.put("a.tar.gz")
    endpoint.invoke(a)
    assert endpoint.history(a) == [f"load {a} 200", f"unload {a}", f"load {a} 200"]
    account.delete(endpoint.name)


def test_a_model_keeps_to_the_instance_that_has_it(account: Account) -> None:
    endpoint = MultiModel(account, "multi", {}, InitialInstanceCount=2)
    a = endpoint.put("a.tar.gz")
    assert len({endpoint.invoke(a)["pid"] for _ in range(6)}) == 1
    account.delete(endpoint.name)


def test_a_request_without_a_target_model_is_refused(endpoint: MultiModel) -> None:
    with pytest.raises(ClientError, match="is missing a target model header") as caught:
        endpoint.account.invoke(endpoint.name, {})
    assert caught.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({}, "must have a ModelDataUrl"),
        (
            {
                "ModelDataSource": {
                    "S3DataSource": {
                        "S3Uri": "s3://b/p/",
                        "S3DataType": "S3Prefix",
                        "CompressionType": "None",
                    }
                }
            },
            "ModelDataSource cannot be used with multi-model endpoints",
        ),
    ],
    ids=["no prefix", "uncompressed"],
)
def test_a_model_without_a_prefix_of_archives_is_refused(
    account: Account, wrong: dict[str, Any], reason: str
) -> None:
    container = {"Image": IMAGE, "Mode": "MultiModel", **wrong}
    with pytest.raises(ClientError, match=reason):
        account.client("sagemaker").create_model(
            ModelName="wrong", PrimaryContainer=container, ExecutionRoleArn=ROLE
        )


def statistics(endpoint: MultiModel, metric: str, namespace: str) -> dict[str, float] | None:
    now = datetime.now(UTC)
    found = endpoint.account.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint.name},
            {"Name": "VariantName", "Value": "all"},
        ],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    return found[0] if found else None


def loaded(endpoint: MultiModel) -> float:
    found = statistics(endpoint, "LoadedModelCount", "/aws/sagemaker/Endpoints")
    return found["Maximum"] if found else 0


def test_loading_and_hits_are_metrics(endpoint: MultiModel) -> None:
    a, b, c = (endpoint.put(f"{name}.tar.gz", load_seconds=0.2) for name in "abc")
    for key in (a, b, b, b, c):
        endpoint.invoke(key)

    def hits() -> dict[str, float] | None:
        found = statistics(endpoint, "ModelCacheHit", "AWS/SageMaker")
        return found if found and found["SampleCount"] == 5 else None

    assert eventually(hits)["Sum"] == 2
    counts = {"LoadingWait": 3, "Downloading": 3, "Loading": 4, "Unloading": 1}

    def told() -> bool:
        found = [statistics(endpoint, f"Model{name}Time", "AWS/SageMaker") for name in counts]
        return [one and one["SampleCount"] for one in found] == list(counts.values())

    eventually(told)
    waited = statistics(endpoint, "ModelLoadingWaitTime", "AWS/SageMaker")
    assert waited is not None
    assert waited["Maximum"] >= 200_000  # microseconds
    eventually(lambda: loaded(endpoint) == 2)


def test_the_projects_own_container_loads_models_so(account: Account) -> None:
    endpoint = MultiModel(account, "real", {})
    for word in ("one", "two"):
        handlers = f"""
def model_fn(model_dir):
    return "{word}"


def predict_fn(data, model):
    return [model for _ in data]
"""
        endpoint.put_files(f"{word}.tar.gz", {"code/inference.py": handlers.encode()})
    runtime = account.client("sagemaker-runtime")
    for word in ("one", "two", "one"):
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint.name,
            TargetModel=f"{word}.tar.gz",
            ContentType="application/json",
            Body=b'{"instances": ["a"]}',
        )
        assert word in answer["Body"].read().decode()
    account.delete(endpoint.name)
