"""The one exception that becomes an AWS error answer."""


class AwsError(Exception):
    """An error as AWS words it.

    code: the exception's name on the wire; message: its text; status: the HTTP status;
    extra: further members that the error's shape models (`ModelError` has three).
    """

    def __init__(self, code: str, message: str, status: int = 400, **extra: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra

    @classmethod
    def validation(cls, message: str) -> "AwsError":
        """SageMaker's answer to almost every wrong control-plane request."""
        return cls("ValidationException", message)


class HostingError(Exception):
    """Why an endpoint could not be brought into service: it becomes the FailureReason."""
