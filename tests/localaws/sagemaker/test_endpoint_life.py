"""The whole life of an endpoint, by boto3."""

import contextlib
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.sagemaker.conftest import ACCOUNT, BUCKET, IMAGE, REGION, Account, eventually

pytestmark = pytest.mark.slow

_QUICK = {"Delay": 1, "MaxAttempts": 60}


def alive(pid: int) -> bool:
    """Whether a process exists and has not merely not been reaped yet."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_an_endpoint_comes_into_service_answers_and_ends(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    name = account.create(account.config(behaviour={"answer": "hello"}))
    assert account.describe(name)["EndpointStatus"] in ("Creating", "InService")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=_QUICK)

    told = account.invoke(name)
    assert told["answer"] == "hello"

    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=_QUICK)
    assert not alive(told["pid"])


def test_an_endpoint_describes_itself(account: Account) -> None:
    config = account.config(InitialInstanceCount=2, InitialVariantWeight=0.5)
    name = account.create(config)
    described = account.settled(name)
    assert described["EndpointArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}"
    assert described["EndpointConfigName"] == config
    (variant,) = described["ProductionVariants"]
    assert variant["VariantName"] == "all"
    assert variant["CurrentInstanceCount"] == variant["DesiredInstanceCount"] == 2
    assert variant["CurrentWeight"] == variant["DesiredWeight"] == 0.5
    assert variant["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    pids = {account.invoke(name)["pid"] for _ in range(4)}
    assert len(pids) == 2
    account.delete(name)


def test_the_container_gets_the_models_environment_and_nothing_of_the_emulators(
    account: Account,
) -> None:
    name = account.serve(
        container={"Environment": {"COLOUR": "green"}}, model={"EnableNetworkIsolation": True}
    )
    environment = account.invoke(name)["environment"]
    assert environment["COLOUR"] == "green"
    assert environment["SAGEMAKER_REGION"] == REGION
    assert environment["BERTH_BIND_HOST"] == "127.0.0.1"
    assert not any(key.startswith("AWS_ACCESS") for key in environment)
    assert not {"LOCALAWS_HOME", "GATEWAY_PORT", "BIND_HOST"} & set(environment)
    model = Path(environment["SM_MODEL_DIR"])
    assert not (model / "behaviour.json").stat().st_mode & 0o222
    account.delete(name)
    assert not model.exists()


def test_without_isolation_the_container_acts_as_its_own_account(account: Account) -> None:
    name = account.serve()
    assert account.invoke(name)["environment"]["AWS_ACCESS_KEY_ID"] == ACCOUNT
    account.delete(name)


@contextlib.contextmanager
def asked_all_the_while(account: Account, name: str) -> Iterator[list[Any]]:
    """Invoke the endpoint without a pause from three threads; the answers, errors among them."""
    answers: list[Any] = []
    ended = threading.Event()

    def ask() -> None:
        runtime = account.client("sagemaker-runtime")
        while not ended.is_set():
            try:
                got = runtime.invoke_endpoint(EndpointName=name, Body=b'{"sleep": 0.02}')
                answers.append(json.loads(got["Body"].read())["answer"])
            except ClientError as error:
                answers.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_an_update_switches_over_without_a_failed_request(account: Account) -> None:
    name = account.serve(behaviour={"answer": "old"})
    old = account.invoke(name)["pid"]
    config = account.config(behaviour={"answer": "new", "start_seconds": 0.5})
    with asked_all_the_while(account, name) as answers:
        eventually(lambda: "old" in answers)
        account.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config)
        assert account.settled(name)["EndpointConfigName"] == config
        seen = len(answers)
        eventually(lambda: len(answers) > seen + 10)
    assert [one for one in answers if one not in ("old", "new")] == []
    assert answers[-1] == "new"
    assert not alive(old)
    account.delete(name)


def test_a_request_in_flight_outlives_the_update(account: Account) -> None:
    name = account.serve(behaviour={"answer": "old"})
    answers: list[str] = []
    slow = threading.Thread(
        target=lambda: answers.append(account.invoke(name, {"sleep": 3})["answer"])
    )
    slow.start()
    config = account.config(behaviour={"answer": "new"})
    account.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config)
    eventually(lambda: account.invoke(name)["answer"] == "new")
    assert answers == []
    slow.join()
    assert answers == ["old"]
    account.settled(name)
    account.delete(name)


def test_a_start_that_fails_says_the_last_lines_of_the_log(account: Account) -> None:
    name = account.create(account.config(behaviour={"fail": "weights.bin is truncated"}))
    described = account.settled(name)
    assert described["EndpointStatus"] == "Failed"
    assert "exit status 3" in described["FailureReason"]
    assert "weights.bin is truncated" in described["FailureReason"]
    account.delete(name)


def test_an_image_that_was_never_built_fails_the_endpoint(account: Account) -> None:
    name = account.create(account.config(container={"Image": IMAGE.replace("stub", "unbuilt")}))
    described = account.settled(name)
    assert described["EndpointStatus"] == "Failed"
    assert "never built here" in described["FailureReason"]
    account.delete(name)


def test_an_image_may_be_named_by_its_digest(account: Account) -> None:
    ecr = account.client("ecr")
    ecr.create_repository(repositoryName="pinned")
    manifest = {"schemaVersion": 2, "config": {}, "layers": []}
    pushed = ecr.put_image(
        repositoryName="pinned", imageManifest=json.dumps(manifest), imageTag="stub"
    )
    digest = pushed["image"]["imageId"]["imageDigest"]
    repository = IMAGE.rpartition("/")[0] + "/pinned"
    name = account.serve(
        container={"Image": f"{repository}@{digest}"}, behaviour={"answer": "by its digest"}
    )
    assert account.invoke(name)["answer"] == "by its digest"
    account.delete(name)


def test_a_digest_that_is_not_in_the_repository_fails_the_endpoint(account: Account) -> None:
    repository = IMAGE.rpartition(":")[0]
    config = account.config(container={"Image": f"{repository}@sha256:{'0' * 64}"})
    name = account.create(config)
    assert "never built here" in account.settled(name)["FailureReason"]
    account.delete(name)


def test_a_model_that_is_not_there_fails_the_endpoint(account: Account) -> None:
    account.upload()
    name = account.create(account.config(container={"ModelDataUrl": "s3://models/none.tar.gz"}))
    assert "s3://models/none.tar.gz" in account.settled(name)["FailureReason"]
    account.delete(name)


def test_a_model_may_be_a_prefix_of_single_files(account: Account) -> None:
    account.upload()
    s3 = account.client("s3")
    for name, text in (("behaviour.json", '{"answer": "loose"}'), ("code/a.py", "")):
        s3.put_object(Bucket=BUCKET, Key=f"loose/{name}", Body=text.encode())
    source = {"S3Uri": f"s3://{BUCKET}/loose/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    name = account.serve(container={"ModelDataSource": {"S3DataSource": source}})
    told = account.invoke(name)
    assert told["answer"] == "loose"
    assert (Path(told["environment"]["SM_MODEL_DIR"]) / "code" / "a.py").exists()
    account.delete(name)


def test_a_failed_update_leaves_the_old_one_answering(account: Account) -> None:
    name = account.serve(behaviour={"answer": "old"})
    before = account.describe(name)
    broken = account.config(behaviour={"fail": "no such layer"})
    account.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=broken)
    after = account.settled(name)
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert "no such layer" in after["FailureReason"]
    assert account.invoke(name)["answer"] == "old"
    account.delete(name)


def test_an_update_keeps_or_drops_the_scaled_count_as_asked(account: Account) -> None:
    sagemaker = account.client("sagemaker")
    name = account.serve()
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 2}],
    )
    account.settled(name)
    for retain, count in ((True, 2), (False, 1)):
        sagemaker.update_endpoint(
            EndpointName=name,
            EndpointConfigName=account.config(),
            RetainAllVariantProperties=retain,
        )
        (variant,) = account.settled(name)["ProductionVariants"]
        assert variant["CurrentInstanceCount"] == count
    account.delete(name)


def test_capacity_follows_what_is_asked_up_and_down(account: Account) -> None:
    name = account.serve()
    for count in (3, 1):
        account.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": count}],
        )
        (variant,) = account.settled(name)["ProductionVariants"]
        assert variant["CurrentInstanceCount"] == count
        assert len({account.invoke(name)["pid"] for _ in range(6)}) == count
    account.delete(name)


def test_a_program_that_ignores_sigterm_is_killed(account: Account) -> None:
    name = account.serve(behaviour={"stubborn": True})
    pid = account.invoke(name)["pid"]
    account.delete(name)
    assert not alive(pid)


def answering(account: Account, name: str) -> int | None:
    """The process that answers; None while there is none to ask (503), or while it is dying."""
    try:
        return int(account.invoke(name)["pid"])
    except ClientError as error:
        # A request that reaches a process just as it is killed is a broken connection.
        if error.response["Error"]["Code"] not in {"ServiceUnavailable", "ModelError"}:
            raise
        return None


def test_an_instance_that_dies_is_replaced(account: Account) -> None:
    name = account.serve()
    pid = account.invoke(name)["pid"]
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: answering(account, name)) != pid
    assert account.describe(name)["EndpointStatus"] == "InService"
    account.delete(name)


def test_an_instance_that_fails_its_pings_is_replaced(account: Account, tmp_path: Path) -> None:
    sick = tmp_path / "sick"
    name = account.serve(behaviour={"sick": str(sick)})
    pid = account.invoke(name)["pid"]
    sick.touch()
    # Replaced only once three pings, five seconds apart, have failed; healthy again from then on.
    eventually(lambda: "failed its health checks" in emulator_log(account))
    sick.unlink()
    eventually(lambda: not alive(pid))
    assert eventually(lambda: answering(account, name)) != pid
    account.delete(name)


def emulator_log(account: Account) -> str:
    return (account.emulator.home / "emulator.log").read_text()


def test_a_failed_endpoint_cannot_be_updated_but_deleted(account: Account) -> None:
    name = account.create(account.config(behaviour={"fail": "broken"}))
    account.settled(name)
    with pytest.raises(ClientError, match="status Failed"):
        account.client("sagemaker").update_endpoint(
            EndpointName=name, EndpointConfigName=account.config()
        )
    account.delete(name)
