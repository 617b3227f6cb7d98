"""The exit status of each exception."""

from berth.exit_status import ExitStatus


class UsageError(Exception):
    """Arguments that do not go together; the text is one line."""


class ProgramError(Exception):
    """A program that a command has started failed; the text is its error output."""


def expected() -> tuple[type[Exception], ...]:
    """The exceptions whose text is for the user; any other exception is a fault of Berth's own."""
    # Imported once a command has failed, as a command that succeeds needs few of these folders.
    from aws.errors import AssemblyError, AwsError  # noqa: PLC0415
    from berth.github import GitHubError  # noqa: PLC0415
    from localaws.home import LocalAwsError  # noqa: PLC0415
    from model import PushError  # noqa: PLC0415
    from model.fetching import FetchError  # noqa: PLC0415
    from model.folder import ModelFolderError  # noqa: PLC0415
    from promotion import PromotionError  # noqa: PLC0415
    from stacks.compatibility.findings import IncompatibleError  # noqa: PLC0415
    from stacks.deployment_plan.resource_types import NoResourceTypesError  # noqa: PLC0415
    from stacks.model_lock import ModelLockError  # noqa: PLC0415
    from stacks.settings import SettingsError  # noqa: PLC0415
    from tools.image.engine import ImageError  # noqa: PLC0415

    return (
        AssemblyError,
        AwsError,
        FetchError,
        GitHubError,
        ImageError,
        IncompatibleError,
        LocalAwsError,
        ModelFolderError,
        ModelLockError,
        NoResourceTypesError,
        ProgramError,
        PromotionError,
        PushError,
        SettingsError,
        UsageError,
        # A path that was given, or a program that is not installed.
        FileExistsError,
        FileNotFoundError,
        IsADirectoryError,
        NotADirectoryError,
        PermissionError,
        *_of_the_contract_kit(),
    )


def _of_the_contract_kit() -> tuple[type[Exception], ...]:
    """None where its packages are not installed, as beside a pipeline's credentials."""
    try:
        from contract.image import NoEngineError  # noqa: PLC0415
    except ModuleNotFoundError:
        return ()
    return (NoEngineError,)


def status_of(error: Exception) -> ExitStatus:
    """The exit status of one of these exceptions."""
    from promotion.gate import GateError  # noqa: PLC0415

    return ExitStatus.NO if isinstance(error, GateError) else ExitStatus.BAD_INPUT


def message(error: Exception) -> list[str]:
    """The lines that are printed: one, where a line break could be another account's."""
    from aws.errors import AssemblyError, AwsError, one_line  # noqa: PLC0415
    from promotion import PromotionError  # noqa: PLC0415

    if isinstance(error, OSError) and error.filename is not None:
        return [f"{error.filename}: {error.strerror}"]
    if isinstance(error, AssemblyError | AwsError | PromotionError):
        return [one_line(error)]
    return str(error).split("\n")
