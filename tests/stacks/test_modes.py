"""What each way of serving puts into the template, by the examples."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import load
from tests.stacks.conftest import Synthesize, Template, read_templates

pytestmark = pytest.mark.slow


@pytest.fixture
def serving(examples: Callable[[str], Path]) -> Callable[[str], Template]:
    def template(name: str) -> Template:
        (found,) = (
            template
            for stack, template in read_templates(examples(name)).items()
            if stack.endswith("-Serving")
        )
        return found

    return template


def of_type(template: Template, type_name: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by logical id."""
    return {
        logical_id: resource.get("Properties", {})
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == type_name
    }


def only(template: Template, type_name: str) -> dict[str, Any]:
    (properties,) = of_type(template, type_name).values()
    return properties


def config(template: Template) -> dict[str, Any]:
    return only(template, "AWS::SageMaker::EndpointConfig")


def execution_statements(template: Template) -> list[dict[str, Any]]:
    """What the execution role may do."""
    (policy,) = (
        policy["PolicyDocument"]
        for role in of_type(template, "AWS::IAM::Role").values()
        for policy in role["Policies"]
        if policy["PolicyName"] == "hosting"
    )
    statements: list[dict[str, Any]] = policy["Statement"]
    return statements


def policies(template: Template) -> dict[str, dict[str, Any]]:
    found = of_type(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    return {policy["PolicyName"]: policy for policy in found}


class TestRealTime:
    """`mode = "real-time"`."""

    def test_instance_pools_stand_in_their_order_of_priority(
        self, serving: Callable[[str], Template]
    ) -> None:
        (variant,) = config(serving("real-time"))["ProductionVariants"]
        assert variant["InstancePools"] == [
            {"InstanceType": "ml.g5.xlarge", "Priority": 1},
            {"InstanceType": "ml.g6.xlarge", "Priority": 2},
            {"InstanceType": "ml.g4dn.xlarge", "Priority": 3},
        ]
        assert "InstanceType" not in variant

    def test_timeouts_routing_and_access_are_as_stages_toml_says(
        self, serving: Callable[[str], Template]
    ) -> None:
        (variant,) = config(serving("real-time"))["ProductionVariants"]
        assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == 900
        assert variant["ModelDataDownloadTimeoutInSeconds"] == 600
        assert variant["RoutingConfig"] == {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
        assert variant["EnableSSMAccess"] is False
        assert "CoreDumpConfig" not in variant

    def test_metrics_are_published_as_often_as_asked(
        self, serving: Callable[[str], Template]
    ) -> None:
        assert config(serving("real-time"))["MetricsConfig"] == {
            "EnableDetailedObservability": True,
            "EnableEnhancedMetrics": True,
            "MetricPublishFrequencyInSeconds": 10,
        }

    def test_files_are_shipped_as_they_are_under_a_prefix_named_by_their_manifest(
        self, serving: Callable[[str], Template]
    ) -> None:
        container = only(serving("real-time"), "AWS::SageMaker::Model")["PrimaryContainer"]
        source = container["ModelDataSource"]["S3DataSource"]
        assert (source["S3DataType"], source["CompressionType"]) == ("S3Prefix", "None")
        assert source["S3Uri"].endswith(f"/models/{'5' * 64}/")
        assert "ModelDataUrl" not in container

    def test_every_file_is_an_asset_of_its_own_under_that_prefix(
        self, examples: Callable[[str], Path]
    ) -> None:
        (assets,) = examples("real-time").glob("assembly-prod/*Serving*.assets.json")
        text = assets.read_text()
        for name in ("MLmodel", "data/config.json"):
            assert f'"objectKey": "models/{"5" * 64}/{name}"' in text

    def test_two_metrics_are_tracked_and_far_above_the_aim_steps_are_taken(
        self, serving: Callable[[str], Template]
    ) -> None:
        template = serving("real-time")
        found = policies(template)
        assert found.keys() == {
            "invocations-per-instance",
            "concurrent-requests-per-model",
            "steps",
        }
        tracking = found["concurrent-requests-per-model"][
            "TargetTrackingScalingPolicyConfiguration"
        ]
        assert tracking == {
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"
            },
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
            "TargetValue": 8,
        }
        steps = found["steps"]["StepScalingPolicyConfiguration"]["StepAdjustments"]
        assert steps == [
            {
                "MetricIntervalLowerBound": 0,
                "MetricIntervalUpperBound": 1350,
                "ScalingAdjustment": 2,
            },
            {"MetricIntervalLowerBound": 1350, "ScalingAdjustment": 4},
        ]

    def test_the_schedule_moves_both_bounds(self, serving: Callable[[str], Template]) -> None:
        target = only(serving("real-time"), "AWS::ApplicationAutoScaling::ScalableTarget")
        morning, _ = target["ScheduledActions"]
        assert morning == {
            "ScheduledActionName": "schedule-1",
            "Schedule": "cron(0 7 ? * MON-FRI *)",
            "Timezone": "Europe/Berlin",
            "ScalableTargetAction": {"MinCapacity": 4, "MaxCapacity": 8},
        }

    def test_captured_requests_are_encrypted_and_sampled(
        self, serving: Callable[[str], Template]
    ) -> None:
        capture = config(serving("real-time"))["DataCaptureConfig"]
        assert capture["InitialSamplingPercentage"] == 5
        assert capture["KmsKeyId"]
        assert [one["CaptureMode"] for one in capture["CaptureOptions"]] == ["Input", "Output"]

    def test_a_gpu_instance_with_disks_of_its_own_gets_no_volume_key(
        self, serving: Callable[[str], Template]
    ) -> None:
        assert "KmsKeyId" not in config(serving("real-time"))
        assert config(serving("shadow"))["KmsKeyId"]


class TestServerless:
    """`mode = "serverless"`."""

    def test_the_variant_has_memory_and_concurrency_and_no_instances(
        self, serving: Callable[[str], Template]
    ) -> None:
        (variant,) = config(serving("serverless"))["ProductionVariants"]
        del variant["ModelName"]
        assert variant == {
            "VariantName": "AllTraffic",
            "InitialVariantWeight": 1,
            "ServerlessConfig": {
                "MemorySizeInMB": 4096,
                "MaxConcurrency": 20,
                "ProvisionedConcurrency": 2,
            },
        }

    def test_what_serverless_cannot_have_is_left_out(
        self, serving: Callable[[str], Template]
    ) -> None:
        template = serving("serverless")
        assert config(template).keys() == {"ProductionVariants"}
        model = only(template, "AWS::SageMaker::Model")
        assert not model.keys() & {"EnableNetworkIsolation", "VpcConfig"}
        assert "DeploymentConfig" not in only(template, "AWS::SageMaker::Endpoint")

    def test_an_instance_type_that_it_has_not_changes_nothing(
        self,
        synthesize: Synthesize,
        root: Path,
        tmp_path: Path,
        serving: Callable[[str], Template],
    ) -> None:
        stages = tmp_path / "stages.toml"
        text = (root / "examples" / "serverless" / "stages.toml").read_text()
        stages.write_text(f'{text}\n[defaults.endpoint]\ninstance_type = "ml.c5.large"\n')
        (name,) = load(stages).stages
        templates = read_templates(synthesize(load(stages), tmp_path / "assembly"))
        assert templates[f"{name}-Serving"] == serving("serverless")

    def test_provisioned_concurrency_is_scaled(self, serving: Callable[[str], Template]) -> None:
        template = serving("serverless")
        target = only(template, "AWS::ApplicationAutoScaling::ScalableTarget")
        assert target["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
        tracking = policies(template)["provisioned-concurrency"][
            "TargetTrackingScalingPolicyConfiguration"
        ]
        assert tracking["TargetValue"] == 0.7
        assert tracking["PredefinedMetricSpecification"] == {
            "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
        }


class TestAsync:
    """`mode = "async"`."""

    def test_results_and_failures_go_to_their_prefixes_encrypted_and_told_of(
        self, serving: Callable[[str], Template]
    ) -> None:
        asynchronous = config(serving("async"))["AsyncInferenceConfig"]
        assert asynchronous["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 8}
        output = asynchronous["OutputConfig"]
        assert output["S3OutputPath"]["Fn::Join"][1][-1] == "/async/output/"
        assert output["S3FailurePath"]["Fn::Join"][1][-1] == "/async/failure/"
        assert output["KmsKeyId"]
        assert output["NotificationConfig"].keys() == {"SuccessTopic", "ErrorTopic"}

    def test_the_backlog_is_tracked_by_the_endpoints_name_alone(
        self, serving: Callable[[str], Template]
    ) -> None:
        tracking = policies(serving("async"))["backlog-per-instance"][
            "TargetTrackingScalingPolicyConfiguration"
        ]
        metric = tracking["CustomizedMetricSpecification"]
        assert metric["MetricName"] == "ApproximateBacklogSizePerInstance"
        assert [one["Name"] for one in metric["Dimensions"]] == ["EndpointName"]
        assert tracking["TargetValue"] == 5

    def test_from_no_instance_a_backlog_without_capacity_adds_one(
        self, serving: Callable[[str], Template]
    ) -> None:
        template = serving("async")
        assert only(template, "AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 0
        step = policies(template)["from-zero"]["StepScalingPolicyConfiguration"]
        assert step["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
        (alarm,) = (
            alarm
            for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
            if alarm.get("MetricName") == "HasBacklogWithoutCapacity"
        )
        assert [one["Name"] for one in alarm["Dimensions"]] == ["EndpointName"]
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (
            1,
            "GreaterThanOrEqualToThreshold",
        )

    def test_results_expire(self, examples: Callable[[str], Path]) -> None:
        storage = read_templates(examples("async"))["dev-Storage"]
        rules = [
            rule
            for bucket in of_type(storage, "AWS::S3::Bucket").values()
            for rule in bucket["LifecycleConfiguration"]["Rules"]
            if rule.get("Prefix") == "async/"
        ]
        assert [rule["ExpirationInDays"] for rule in rules] == [14]


class TestExecutionRole:
    """What the role may do in one mode alone."""

    @pytest.mark.parametrize("mode", ["async", "batch"])
    def test_it_lists_the_prefix_that_it_reads(
        self, serving: Callable[[str], Template], mode: str
    ) -> None:
        (listing,) = (
            statement
            for statement in execution_statements(serving(mode))
            if statement["Action"] == "s3:ListBucket"
            if statement["Condition"] == {"StringLike": {"s3:prefix": [f"{mode}/input/*"]}}
        )
        # The bucket itself, no object in it: the reference to its name comes last.
        assert listing["Resource"]["Fn::Join"][1][0] == "arn:aws:s3:::"
        assert len(listing["Resource"]["Fn::Join"][1]) == 2

    def test_it_makes_the_log_group_of_transform_jobs_and_no_other(
        self, serving: Callable[[str], Template]
    ) -> None:
        (making,) = (
            statement
            for statement in execution_statements(serving("batch"))
            if "logs:CreateLogGroup" in statement["Action"]
        )
        assert making["Resource"] == (
            "arn:aws:logs:eu-central-1:111111111111:log-group:/aws/sagemaker/TransformJobs:*"
        )
        for mode in ("real-time", "serverless", "async", "multi-model", "inference-component"):
            assert "logs:CreateLogGroup" not in str(execution_statements(serving(mode)))


class TestMultiModel:
    """`mode = "multi-model"`."""

    def test_the_model_is_a_prefix_of_the_stages_bucket(
        self, serving: Callable[[str], Template]
    ) -> None:
        container = only(serving("multi-model"), "AWS::SageMaker::Model")["PrimaryContainer"]
        assert container["Mode"] == "MultiModel"
        assert container["MultiModelConfig"] == {"ModelCacheSetting": "Enabled"}
        assert container["ModelDataUrl"]["Fn::Join"][1][-1] == "/models/"
        (variant,) = config(serving("multi-model"))["ProductionVariants"]
        assert variant["VolumeSizeInGB"] == 64
        assert "Environment" not in container  # no hash can be pinned for what is not there yet

    def test_its_volume_is_as_large_as_stages_toml_says(
        self, serving: Callable[[str], Template]
    ) -> None:
        (variant,) = config(serving("multi-model"))["ProductionVariants"]
        assert variant["VolumeSizeInGB"] == 64


class TestInferenceComponent:
    """`mode = "inference-component"`."""

    def test_instances_wait_without_a_model_and_follow_the_copies(
        self, serving: Callable[[str], Template]
    ) -> None:
        endpoint_config = config(serving("inference-component"))
        (variant,) = endpoint_config["ProductionVariants"]
        assert "ModelName" not in variant
        assert variant["ManagedInstanceScaling"] == {
            "Status": "ENABLED",
            "MinInstanceCount": 0,
            "MaxInstanceCount": 2,
        }
        assert endpoint_config["EnableNetworkIsolation"] is True
        assert endpoint_config["ExecutionRoleArn"]

    def test_copies_go_to_none_and_come_back_when_somebody_calls(
        self, serving: Callable[[str], Template]
    ) -> None:
        template = serving("inference-component")
        target = only(template, "AWS::ApplicationAutoScaling::ScalableTarget")
        assert target["ScalableDimension"] == "sagemaker:inference-component:DesiredCopyCount"
        assert target["MinCapacity"] == 0
        assert policies(template).keys() == {"concurrent-requests-per-copy", "from-zero"}
        assert "NoCapacityInvocationFailures" in {
            alarm.get("MetricName")
            for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        }


class TestVariants:
    """`[<stage>.variants.<name>]` and `[<stage>.shadow]`."""

    def test_traffic_is_shared_by_weight(self, serving: Callable[[str], Template]) -> None:
        variants = config(serving("ab-variants"))["ProductionVariants"]
        assert {
            one["VariantName"]: (one["InitialVariantWeight"], one["InstanceType"])
            for one in variants
        } == {"Current": (9, "ml.g4dn.xlarge"), "Candidate": (1, "ml.g5.xlarge")}

    def test_each_variant_scales_by_itself(self, serving: Callable[[str], Template]) -> None:
        template = serving("ab-variants")
        targets = of_type(template, "AWS::ApplicationAutoScaling::ScalableTarget").values()
        ends = {target["ResourceId"]["Fn::Join"][1][-1] for target in targets}
        assert ends == {"/variant/Current", "/variant/Candidate"}

    def test_an_update_takes_the_weights_from_stages_toml(
        self, serving: Callable[[str], Template]
    ) -> None:
        endpoint = only(serving("ab-variants"), "AWS::SageMaker::Endpoint")
        assert endpoint["RetainAllVariantProperties"] is True
        assert endpoint["ExcludeRetainedVariantProperties"] == [
            {"VariantPropertyType": "DesiredWeight"}
        ]

    def test_the_shadow_gets_its_share_by_its_weight_beside_one(
        self, serving: Callable[[str], Template]
    ) -> None:
        endpoint_config = config(serving("shadow"))
        (production,) = endpoint_config["ProductionVariants"]
        (shadow,) = endpoint_config["ShadowProductionVariants"]
        assert (production["InitialVariantWeight"], shadow["InitialVariantWeight"]) == (1, 0.5)
        assert shadow["VariantName"] == "Shadow"

    def test_with_a_fixed_capacity_an_update_takes_the_count_from_stages_toml(
        self, serving: Callable[[str], Template]
    ) -> None:
        template = serving("shadow")
        assert not of_type(template, "AWS::ApplicationAutoScaling::ScalableTarget")
        assert "RetainAllVariantProperties" not in only(template, "AWS::SageMaker::Endpoint")


class TestGuardrails:
    """`[<stage>.update]`."""

    def test_a_linear_update_goes_in_steps_and_bakes(
        self, serving: Callable[[str], Template]
    ) -> None:
        deployment = only(serving("real-time"), "AWS::SageMaker::Endpoint")["DeploymentConfig"]
        assert deployment["BlueGreenUpdatePolicy"] == {
            "TrafficRoutingConfiguration": {
                "Type": "LINEAR",
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
                "WaitIntervalInSeconds": 300,
            },
            "TerminationWaitInSeconds": 900,
            "MaximumExecutionTimeoutInSeconds": 7200,
        }

    def test_a_canary_takes_a_share_first(self, templates: dict[str, Template]) -> None:
        deployment = only(templates["qa-Serving"], "AWS::SageMaker::Endpoint")["DeploymentConfig"]
        assert deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"] == {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 300,
        }

    def test_a_rolling_update_goes_in_batches(self, serving: Callable[[str], Template]) -> None:
        endpoint = only(serving("private-network"), "AWS::SageMaker::Endpoint")
        deployment = endpoint["DeploymentConfig"]
        assert "BlueGreenUpdatePolicy" not in deployment
        assert deployment["RollingUpdatePolicy"] == {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 300,
            "MaximumExecutionTimeoutInSeconds": 7200,
        }

    @pytest.mark.parametrize("stage", ["dev", "qa", "prod"])
    def test_alarms_that_roll_back_are_there_before_the_endpoint(
        self, templates: dict[str, Template], stage: str
    ) -> None:
        template = templates[f"{stage}-Serving"]
        endpoint = only(template, "AWS::SageMaker::Endpoint")
        rollback = endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
        alarms = of_type(template, "AWS::CloudWatch::Alarm")
        named = {alarm["AlarmName"]["Ref"] for alarm in rollback}
        assert len(named) == 2
        assert named <= alarms.keys()
