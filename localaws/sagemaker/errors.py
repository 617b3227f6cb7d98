"""Why SageMaker's hosting fails."""


class HostingError(Exception):
    """Why an endpoint could not be brought into service: it becomes the FailureReason."""
