"""What ECR's scan found in the images of a release: DescribeImageScanFindings, basic or enhanced.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""

from collections.abc import Iterable, Iterator

from aws.errors import CallError, in_one_line
from aws.stage import Stage
from promotion.evidence import Check
from promotion.release import Image
from stacks.settings.watching import SEVERITIES

# A continuous scan of Amazon Inspector is ACTIVE for as long as it watches the image.
_DONE = {"COMPLETE", "ACTIVE"}


def checks(stage: Stage, images: Iterable[Image], least: str | None) -> Iterator[Check]:
    """One check an image, where a least severity is asked for; what has no scan does not pass.

    Raises AwsError where AWS refuses the call.
    """
    if least is None:
        return
    for image in images:
        found, passed = _scanned(stage, image, SEVERITIES[: SEVERITIES.index(least) + 1])
        yield Check(
            name="image scan",
            wanted=f"no finding that is {least} or worse",
            found=f"{found} in {image.digest[:19]}",
            passed=passed,
        )


def _scanned(stage: Stage, image: Image, severities: tuple[str, ...]) -> tuple[str, bool]:
    try:
        with in_one_line():
            answer = stage.client("ecr").describe_image_scan_findings(
                registryId=image.registry,
                repositoryName=image.repository,
                imageId={"imageDigest": image.digest},
                maxResults=1,
            )
    except CallError as error:
        if error.code != "ScanNotFoundException":
            raise
        return "no scan: turn on scanning at push for the repository, and push again", False
    status = answer["imageScanStatus"]["status"]
    if status not in _DONE:
        return f"no scan that is complete ({status}): verify again when it is", False
    counts = answer.get("imageScanFindings", {}).get("findingSeverityCounts", {})
    found = {one: counts.get(one.upper(), 0) for one in severities}
    named = [f"{count:,} {severity}" for severity, count in found.items() if count]
    return ", ".join(named) or "none", not named
