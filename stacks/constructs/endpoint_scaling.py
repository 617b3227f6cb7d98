"""Autoscaling of an endpoint's variant."""

from aws_cdk import aws_applicationautoscaling as scaling
from constructs import Construct

from stacks.constructs.endpoint import VARIANT_NAME


class EndpointScaling(Construct):
    """Target tracking on the invocations that an instance gets in a minute.

    No role is given: Application Auto Scaling uses its service-linked role for SageMaker.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        endpoint_name: str,
        min_capacity: int,
        max_capacity: int,
        invocations_per_instance: float,
    ) -> None:
        super().__init__(scope, id)
        target = scaling.CfnScalableTarget(
            self,
            "Target",
            service_namespace="sagemaker",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            resource_id=f"endpoint/{endpoint_name}/variant/{VARIANT_NAME}",
            min_capacity=min_capacity,
            max_capacity=max_capacity,
        )
        metric = scaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
            predefined_metric_type="SageMakerVariantInvocationsPerInstance"
        )
        scaling.CfnScalingPolicy(
            self,
            "Policy",
            policy_name="invocations-per-instance",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=(
                scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                    target_value=invocations_per_instance,
                    predefined_metric_specification=metric,
                )
            ),
        )
