"""Stands in for `stacks.compatibility.vcpu_count`."""

_SMALL = {"medium": 1, "large": 2, "xlarge": 4}


def vcpu_count(instance_type: str) -> int:
    """How many vCPUs an instance has, by its size: 4 for `xlarge`, 4 times N for `Nxlarge`."""
    size = instance_type.split(".")[2]
    return _SMALL.get(size) or 4 * int(size.removesuffix("xlarge"))
