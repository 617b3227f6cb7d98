"""Alarms on what of an instance is used."""

from math import ceil

from stacks.instance_types import gpu_count, vcpu_count
from stacks.settings.watching import AlarmSettings
from stacks.watching.alarm import Alarm, span
from stacks.watching.metrics import WatchedVariant

# Utilization that passes by within so many seconds is no matter.
_SUSTAINED = 300


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
        severity="warning",
        watched=watched,
        threshold=percent * times,
        periods=periods,
        # No data means no instance: the alarm then says that it does not know.
        missing="missing",
        description=f"Over {percent:g} % of an instance's {called} was in use for "
        f"{span(periods * watched.period)}: {advice}",
    )
