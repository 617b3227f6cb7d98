"""Transform jobs of the stub, on objects in the emulated S3."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest

from tests.localaws.sagemaker.conftest import IMAGE, REGION, ROLE, Account, eventually

DATA = "transform-data"

_numbers = count(1)


class Transforms:
    """Short ways to the jobs of an account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.sagemaker = account.client("sagemaker")
        self.s3 = account.client("s3")
        self.s3.create_bucket(Bucket=DATA, CreateBucketConfiguration={"LocationConstraint": REGION})

    def model(self, container: Mapping[str, Any] | None = None, **behaviour: object) -> str:
        """The name of a new model that makes the stub behave so."""
        own = {"Image": IMAGE, **(container or {})}
        if "ModelDataSource" not in own:
            own["ModelDataUrl"] = self.account.upload(**behaviour)
        name = f"batch-{next(_numbers)}"
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=own, ExecutionRoleArn=ROLE)
        return name

    def put(self, objects: Mapping[str, bytes | str]) -> str:
        """The prefix of new objects, without its last slash."""
        prefix = f"in-{next(_numbers)}"
        for name, body in objects.items():
            content = body.encode() if isinstance(body, str) else body
            self.s3.put_object(Bucket=DATA, Key=f"{prefix}/{name}", Body=content)
        return prefix

    def request(self, prefix: str, model: str, **changes: Any) -> dict[str, Any]:
        """CreateTransformJob's members; those of input, output and source go by their names."""
        name = f"job-{next(_numbers)}"
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{DATA}/{prefix}/"}
        given: dict[str, Any] = {"DataSource": {"S3DataSource": source}}
        output = {"S3OutputPath": f"s3://{DATA}/out-{name}"}
        for holder, names in (
            (source, ("S3DataType", "S3Uri")),
            (given, ("ContentType", "CompressionType", "SplitType")),
            (output, ("S3OutputPath", "Accept", "AssembleWith", "KmsKeyId")),
        ):
            holder.update({key: changes.pop(key) for key in names if key in changes})
        return {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": given,
            "TransformOutput": output,
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            **changes,
        }

    def begin(self, prefix: str, model: str | None = None, **changes: Any) -> str:
        request = self.request(prefix, model or self.model(), **changes)
        self.sagemaker.create_transform_job(**request)
        return str(request["TransformJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.sagemaker.describe_transform_job(TransformJobName=name)
        return answer

    def ended(self, name: str) -> dict[str, Any]:
        """DescribeTransformJob's answer once the job's status is final."""

        def look() -> dict[str, Any] | None:
            seen = self.describe(name)
            return None if seen["TransformJobStatus"] in ("InProgress", "Stopping") else seen

        return eventually(look)

    def run(self, objects: Mapping[str, bytes | str], **changes: Any) -> dict[str, bytes]:
        """The outputs of a job that completes, by their names below S3OutputPath."""
        job = self.ended(self.begin(self.put(objects), **changes))
        assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
        return self.outputs(job)

    def outputs(self, job: Mapping[str, Any]) -> dict[str, bytes]:
        folder = job["TransformOutput"]["S3OutputPath"].removeprefix(f"s3://{DATA}/") + "/"
        listed = self.s3.list_objects_v2(Bucket=DATA, Prefix=folder).get("Contents", [])
        return {
            one["Key"].removeprefix(folder): self.s3.get_object(Bucket=DATA, Key=one["Key"])[
                "Body"
            ].read()
            for one in listed
        }


def told(output: bytes) -> list[dict[str, Any]]:
    """What the stub was asked, request by request, of an output that was assembled by line."""
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="session")
def transforms(account: Account) -> Transforms:
    return Transforms(account)
