"""SageMaker's resources, per account and region."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from localaws.json_api import AwsError
from localaws.sagemaker.asynchronous.request import Backlog
from localaws.sagemaker.fleet import Fleet, Traffic
from localaws.scope import Document, Scope


def _arn(scope: Scope, kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{scope.region}:{scope.account}:{kind}/{name}"


def now() -> datetime:
    """This moment, with its time zone."""
    return datetime.now(UTC)


Operations = dict[str, Callable[[Scope, Document], Document]]
"""Each operation of the API by its name: from a request's members to those of its response."""


@dataclass
class Resource:
    """A model or an endpoint configuration: the request that made it, and what was added."""

    scope: Scope
    kind: str
    name: str
    properties: Document
    created: datetime = field(default_factory=now)

    @property
    def arn(self) -> str:
        """The resource's ARN."""
        return _arn(self.scope, self.kind, self.name)


@dataclass
class Endpoint(Resource):
    """An endpoint: `properties` holds the last request's EndpointConfigName and DeploymentConfig.

    serving: the configuration's name that serves now (DescribeEndpoint.EndpointConfigName);
    configurations: each one that was deployed, by name, as it was then: it may be deleted since;
    variants: the variants' summaries, in DescribeEndpoint's shape;
    traffic: how requests are divided while an update shifts them from `fleet` to a new one;
    pending: DescribeEndpoint's PendingDeploymentSummary, empty while there is none;
    hardware: the instance type, or pools of them, of each variant in service;
    shadow: the name of the shadow variant among `variants`, empty without one;
    backlog: the queue of an asynchronous endpoint.
    """

    status: str = "Creating"
    serving: str = ""
    failure: str = ""
    modified: datetime = field(default_factory=now)
    variants: list[Document] = field(default_factory=list)
    fleet: Fleet | None = None
    configurations: dict[str, Document] = field(default_factory=dict)
    backlog: Backlog = field(default_factory=Backlog)
    traffic: Traffic | None = None
    pending: Document = field(default_factory=dict)
    hardware: dict[str, object] = field(default_factory=dict)
    shadow: str = ""

    @property
    def configuration(self) -> Document:
        """The endpoint configuration that serves now, in CreateEndpointConfig's shape."""
        return self.configurations.get(self.serving, {})

    def becomes(self, status: str, failure: str = "") -> None:
        """Take a new status; the reason is cut to FailureReason's 1,024 characters."""
        self.failure = failure[:1024]
        self.modified = now()
        self.status = status


NOUNS = {
    "model": "model",
    "endpoint-config": "endpoint configuration",
    "endpoint": "endpoint",
    "transform-job": "transform job",
    "model-package": "model package",
    "model-package-group": "model package group",
}


class Store:
    """Every resource of every account and region. Hold `lock` to check and change."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._resources: dict[tuple[Scope, str], dict[str, Resource]] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def all(self, scope: Scope, kind: str) -> dict[str, Resource]:
        """The resources of one kind, by name."""
        return self._resources.setdefault((scope, kind), {})

    def add(self, resource: Resource, tags: list[Document]) -> None:
        """Add a new resource; ValidationException where its name is taken."""
        with self.lock:
            present = self.all(resource.scope, resource.kind)
            if resource.name in present:
                noun = NOUNS[resource.kind]
                raise AwsError.validation(
                    f'Cannot create already existing {noun} "{resource.arn}".'
                )
            present[resource.name] = resource
            self.tags[resource.arn] = {tag["Key"]: tag["Value"] for tag in tags}

    def get(self, scope: Scope, kind: str, name: str) -> Resource:
        """The resource of that name; ValidationException where there is none."""
        try:
            return self.all(scope, kind)[name]
        except KeyError:
            arn = _arn(scope, kind, name)
            raise AwsError.validation(f'Could not find {NOUNS[kind]} "{arn}".') from None

    def endpoint(self, scope: Scope, name: str) -> Endpoint:
        """The endpoint of that name; ValidationException where there is none."""
        found = self.get(scope, "endpoint", name)
        assert isinstance(found, Endpoint)  # noqa: S101 - `add` is given nothing else as one
        return found

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of every account."""
        with self.lock:
            found = [one for kept in self._resources.values() for one in kept.values()]
        return [one for one in found if isinstance(one, Endpoint)]

    def remove(self, resource: Resource) -> None:
        """Remove a resource and its tags."""
        with self.lock:
            self.all(resource.scope, resource.kind).pop(resource.name, None)
            self.tags.pop(resource.arn, None)


STORE = Store()
