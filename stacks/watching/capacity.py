"""Alarms on capacity that is in use: of an instance, of all instances, of serverless."""

from math import ceil

from stacks.instance_types import gpu_count, vcpu_count
from stacks.settings import StageSettings
from stacks.settings.watching import AlarmSettings
from stacks.watching.alarm import AT_LEAST, Alarm, span
from stacks.watching.metrics import WatchedVariant

# High utilization sets an alarm off once it has lasted for this many seconds.
_SUSTAINED = 300


def at_maximum(variant: WatchedVariant, settings: StageSettings) -> list[Alarm]:
    """As many instances as scaling may start, for long; of an inference component: copies."""
    scaling, minutes = settings.scaling, settings.alarms.at_maximum_minutes
    if not scaling.enabled or scaling.min_capacity == scaling.max_capacity:
        return []
    capacity = variant.capacity
    periods = ceil(minutes * 60 / capacity.period)
    called = "copies" if variant.component else "instances"
    return [
        Alarm(
            name=f"{variant.name}-at-maximum",
            watched=capacity,
            comparison=AT_LEAST,
            threshold=scaling.max_capacity * variant.samples_each,
            periods=periods,
            datapoints=periods - periods // 10,  # a sample may come a moment late
            description=f"All {scaling.max_capacity} {called} that scaling may start have run for "
            f"{span(minutes * 60)} (during an update, old and new ones are counted together): "
            "raise scaling.max_capacity, or find out what asks so much.",
        )
    ]


def serverless_alarms(variant: WatchedVariant, settings: StageSettings) -> list[Alarm]:
    """Memory and concurrency: the rest of an instance is SageMaker's.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-monitoring.html
    """
    alarms, serverless = settings.alarms, settings.serverless
    found = [
        Alarm(
            name=f"{variant.name}-memory",
            watched=variant.instances("MemoryUtilization", "Maximum"),
            threshold=alarms.memory_percent,
            periods=5,
            description=f"Over {alarms.memory_percent:g} % of the memory was in use for 5 minutes: "
            "the next long request may find none. Raise serverless.memory_mb.",
        ),
        _used_up(
            variant,
            "ServerlessConcurrentExecutionsUtilization",
            "concurrency",
            f"All {serverless.max_concurrency} invocations at one time were in use for %s: the "
            "next caller gets a 429. Raise serverless.max_concurrency.",
            alarms,
        ),
    ]
    if serverless.provisioned_concurrency:
        warm = _used_up(
            variant,
            "ServerlessProvisionedConcurrencyUtilization",
            "provisioned",
            "All environments that are kept warm were in use for %s: the next caller waits for a "
            "cold start. Raise serverless.provisioned_concurrency.",
            alarms,
        )
        found.append(warm)
    return found


def _used_up(
    variant: WatchedVariant, metric: str, name: str, said: str, alarms: AlarmSettings
) -> Alarm:
    minutes = alarms.at_maximum_minutes
    return Alarm(
        name=f"{variant.name}-{name}",
        watched=variant.invocations(metric, "Maximum"),
        comparison=AT_LEAST,
        threshold=1,  # a share of 0 to 1
        periods=minutes,
        description=said % span(minutes * 60),
    )


def utilization_alarms(variant: WatchedVariant, alarms: AlarmSettings) -> list[Alarm]:
    """CPU, memory, disk, GPU and GPU memory, each of the instance that uses most.

    CPUUtilization is 0-100 for each core and GPU metrics are 0-100 for each GPU, so thresholds are
    multiplied; by the fewest of the variant's instance types, where it has several.
    """
    cores = min(vcpu_count(each) for each in variant.instance_types)
    gpus = min(gpu_count(each) for each in variant.instance_types)
    found = [
        _high(variant, "cpu", "CPUUtilization", alarms.cpu_percent, cores),
        _high(variant, "memory", "MemoryUtilization", alarms.memory_percent, 1),
        _high(variant, "disk", "DiskUtilization", alarms.disk_percent, 1),
    ]
    if gpus:
        found += [
            _high(variant, "gpu", "GPUUtilization", alarms.gpu_percent, gpus),
            _high(variant, "gpu-memory", "GPUMemoryUtilization", alarms.gpu_memory_percent, gpus),
        ]
    return found


_ADVICE = {
    "cpu": ("CPU", "answers wait for it. Add instances, or take a type with more cores."),
    "memory": ("memory", "the next long request may find none. Take a type with more of it."),
    "disk": ("disk", "logs and models fill it. Set endpoint.volume_size_gb, where the type may."),
    "gpu": ("GPU", "answers wait for it. Add instances, or take a type with a faster one."),
    "gpu-memory": ("GPU memory", "the next long batch may find none. Take a type with more of it."),
}


def _high(variant: WatchedVariant, what: str, metric: str, percent: float, times: int) -> Alarm:
    called, advice = _ADVICE[what]
    watched = variant.instances(metric, "Maximum")
    periods = ceil(_SUSTAINED / watched.period)
    return Alarm(
        name=f"{variant.name}-{what}",
        watched=watched,
        threshold=percent * times,
        periods=periods,
        # No data means no instance: the alarm then says that it does not know.
        missing="missing",
        description=f"Over {percent:g} % of an instance's {called} was in use for "
        f"{span(periods * watched.period)}: {advice}",
    )
