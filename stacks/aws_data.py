"""What AWS offers, read from botocore's data files: offline, and never typed by hand.

The files are opened directly: importing botocore's own loader costs every synth a quarter of a
second.
"""

import gzip
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def _data_folder() -> Path:
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("botocore is not installed; run `make setup`")
    return Path(spec.origin).parent / "data"


@cache
def hosting_instance_types() -> frozenset[str]:
    """Every instance type that SageMaker hosting takes, as its service model enumerates them."""
    newest = max(_data_folder().glob("sagemaker/*/service-2.json.gz"))
    model = json.loads(gzip.decompress(newest.read_bytes()))
    return frozenset(model["shapes"]["ProductionVariantInstanceType"]["enum"])


@cache
def sagemaker_regions() -> frozenset[str]:
    """Every region of every partition that has a SageMaker endpoint."""
    partitions = json.loads((_data_folder() / "endpoints.json").read_bytes())["partitions"]
    return frozenset(
        region
        for partition in partitions
        for region in partition["services"].get("api.sagemaker", {}).get("endpoints", {})
        if region in partition["regions"]
    )
