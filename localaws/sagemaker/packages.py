"""Model packages and their groups, stored as they were given.

Nothing is validated or scanned, so a package is Completed at once.
"""

from dataclasses import dataclass

from localaws.json_api import AwsError, refuse
from localaws.sagemaker import listing
from localaws.sagemaker.state import STORE, Operations, Resource, now
from localaws.scope import Document, Scope

_GROUP, _PACKAGE = "model-package-group", "model-package"
_UNKEPT = ("ClientToken", "Tags")
_UNVERSIONED = "ModelApprovalStatus does not apply to unversioned models."


@dataclass
class Group(Resource):
    """versions: how many there have been; a deleted version's number is not used again."""

    versions: int = 0


def _kept(request: Document) -> Document:
    return {name: value for name, value in request.items() if name not in _UNKEPT}


def create_group(scope: Scope, request: Document) -> Document:
    """CreateModelPackageGroup."""
    group = Group(scope, _GROUP, request["ModelPackageGroupName"], _kept(request))
    STORE.add(group, request.get("Tags", []))
    return {"ModelPackageGroupArn": group.arn}


def describe_group(scope: Scope, request: Document) -> Document:
    """DescribeModelPackageGroup."""
    group = _group(scope, request)
    return {
        **group.properties,
        "ModelPackageGroupArn": group.arn,
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": group.created,
        "CreatedBy": {},
    }


def delete_group(scope: Scope, request: Document) -> Document:
    """DeleteModelPackageGroup: of an empty one."""
    with STORE.lock:
        group = _group(scope, request)
        if _of_group(scope, group.name):
            message = f"Model package group {group.arn} has model packages: delete them first."
            raise AwsError("ConflictException", message)
        STORE.remove(group)
    return {}


def create_package(scope: Scope, request: Document) -> Document:
    """CreateModelPackage: the next version of a group, or one by itself."""
    versioned = "ModelPackageGroupName" in request
    refuse(
        versioned == ("ModelPackageName" in request),
        "Exactly one of ModelPackageName and ModelPackageGroupName must be given.",
    )
    refuse("ModelApprovalStatus" in request and not versioned, _UNVERSIONED)
    kept = _kept(request)
    name = kept.get("ModelPackageName", "")
    with STORE.lock:
        if versioned:
            group = _group(scope, request)
            group.versions += 1
            name = f"{group.name}/{group.versions}"
            kept |= {"ModelPackageGroupName": group.name, "ModelPackageVersion": group.versions}
            kept.setdefault("ModelApprovalStatus", "PendingManualApproval")
        package = Resource(scope, _PACKAGE, name, kept)
        STORE.add(package, request.get("Tags", []))
    return {"ModelPackageArn": package.arn}


def describe_package(scope: Scope, request: Document) -> Document:
    """DescribeModelPackage."""
    package = _package(scope, request["ModelPackageName"])
    return {
        **_summarise(package),
        **package.properties,
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
    }


def list_packages(scope: Scope, request: Document) -> Document:
    """ListModelPackages: unversioned ones alone, unless a group or another type is named."""
    wanted = request.get("ModelPackageType", "Unversioned")
    packages = list(STORE.all(scope, _PACKAGE).values())
    if "ModelPackageGroupName" in request:
        packages = _of_group(scope, _group(scope, request).name)
    elif wanted != "Both":
        packages = [one for one in packages if ("/" in one.name) == (wanted == "Versioned")]
    if status := request.get("ModelApprovalStatus"):
        packages = [one for one in packages if one.properties.get("ModelApprovalStatus") == status]
    return listing.page(request, packages, _summarise, "ModelPackageSummaryList")


def update_package(scope: Scope, request: Document) -> Document:
    """UpdateModelPackage: its approval, specification, source or customer's metadata."""
    package = _package(scope, request["ModelPackageArn"])
    refuse("ModelApprovalStatus" in request and "/" not in package.name, _UNVERSIONED)
    changes = dict(request)
    gone = changes.pop("CustomerMetadataPropertiesToRemove", [])
    metadata = package.properties.get("CustomerMetadataProperties", {})
    metadata = {**metadata, **changes.pop("CustomerMetadataProperties", {})}
    package.properties |= changes | {
        "CustomerMetadataProperties": {
            key: value for key, value in metadata.items() if key not in gone
        },
        "LastModifiedTime": now(),
    }
    return {"ModelPackageArn": package.arn}


def delete_package(scope: Scope, request: Document) -> Document:
    """DeleteModelPackage."""
    STORE.remove(_package(scope, request["ModelPackageName"]))
    return {}


def _group(scope: Scope, request: Document) -> Group:
    name = request["ModelPackageGroupName"].rpartition(f":{_GROUP}/")[2]
    found = STORE.get(scope, _GROUP, name)
    assert isinstance(found, Group)  # noqa: S101 - `add` is given nothing else as one
    return found


def _package(scope: Scope, name_or_arn: str) -> Resource:
    return STORE.get(scope, _PACKAGE, name_or_arn.rpartition(f":{_PACKAGE}/")[2])


def _of_group(scope: Scope, group: str) -> list[Resource]:
    packages = STORE.all(scope, _PACKAGE).values()
    return [one for one in packages if one.properties.get("ModelPackageGroupName") == group]


_SUMMARISED = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageDescription",
    "ModelApprovalStatus",
)


def _summarise(package: Resource) -> Document:
    described = {"ModelPackageName": package.name, **package.properties}
    return {
        **{name: described[name] for name in _SUMMARISED if name in described},
        "ModelPackageArn": package.arn,
        "ModelPackageStatus": "Completed",
        "CreationTime": package.created,
    }


OPERATIONS: Operations = {
    "CreateModelPackageGroup": create_group,
    "DescribeModelPackageGroup": describe_group,
    "DeleteModelPackageGroup": delete_group,
    "CreateModelPackage": create_package,
    "DescribeModelPackage": describe_package,
    "ListModelPackages": list_packages,
    "UpdateModelPackage": update_package,
    "DeleteModelPackage": delete_package,
}
