"""How an endpoint's update goes over to new instances, and what rolls it back."""

from collections.abc import Sequence

from aws_cdk import aws_sagemaker as sagemaker

from stacks.settings.scaling import UpdateSettings

_Endpoint = sagemaker.CfnEndpoint


def deployment_config(
    update: UpdateSettings, alarm_names: Sequence[str]
) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
    """SageMaker's DeploymentConfig; any of the alarms rolls an update back."""
    rolling = update.strategy == "rolling"
    return _Endpoint.DeploymentConfigProperty(
        auto_rollback_configuration=_Endpoint.AutoRollbackConfigProperty(
            alarms=[_Endpoint.AlarmProperty(alarm_name=name) for name in alarm_names]
        ),
        rolling_update_policy=_rolling(update) if rolling else None,
        blue_green_update_policy=None if rolling else _blue_green(update),
    )


def _share(percent: int) -> sagemaker.CfnEndpoint.CapacitySizeProperty:
    return _Endpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=percent)


def _rolling(update: UpdateSettings) -> sagemaker.CfnEndpoint.RollingUpdatePolicyProperty:
    return _Endpoint.RollingUpdatePolicyProperty(
        maximum_batch_size=_share(update.step_percent),
        wait_interval_in_seconds=update.wait_seconds,
        maximum_execution_timeout_in_seconds=update.timeout_seconds,
    )


def _blue_green(update: UpdateSettings) -> sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty:
    share = _share(update.step_percent)
    at_once = update.strategy == "all-at-once"
    routing = _Endpoint.TrafficRoutingConfigProperty(
        type={"all-at-once": "ALL_AT_ONCE", "canary": "CANARY", "linear": "LINEAR"}[
            update.strategy
        ],
        canary_size=share if update.strategy == "canary" else None,
        linear_step_size=share if update.strategy == "linear" else None,
        wait_interval_in_seconds=0 if at_once else update.wait_seconds,
    )
    return _Endpoint.BlueGreenUpdatePolicyProperty(
        traffic_routing_configuration=routing,
        termination_wait_in_seconds=update.bake_seconds,
        maximum_execution_timeout_in_seconds=update.timeout_seconds,
    )
