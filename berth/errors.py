"""Which exit status each exception of the folders has."""

from berth.exit_status import ExitStatus


def statuses() -> dict[type[Exception], ExitStatus]:
    """The exceptions whose text is for the user; any other one is a fault of Berth's own.

    Of an exception and its base class both, the first one here decides.
    """
    # Imported where a command has failed: a command that succeeds needs few of these folders.
    from aws.assembly import AssemblyError  # noqa: PLC0415
    from aws.errors import AwsError  # noqa: PLC0415
    from contract.image import NoEngineError  # noqa: PLC0415
    from localaws.home import LocalAwsError  # noqa: PLC0415
    from model.folder import ModelFolderError  # noqa: PLC0415
    from promotion import PromotionError  # noqa: PLC0415
    from promotion.gate import GateError  # noqa: PLC0415
    from stacks.compatibility.findings import IncompatibleError  # noqa: PLC0415
    from stacks.settings import SettingsError  # noqa: PLC0415
    from tools.image.engine import ImageError  # noqa: PLC0415

    return {
        GateError: ExitStatus.NO,
        PromotionError: ExitStatus.BAD_INPUT,
        AwsError: ExitStatus.BAD_INPUT,
        AssemblyError: ExitStatus.BAD_INPUT,
        SettingsError: ExitStatus.BAD_INPUT,
        IncompatibleError: ExitStatus.BAD_INPUT,
        ModelFolderError: ExitStatus.BAD_INPUT,
        LocalAwsError: ExitStatus.BAD_INPUT,
        ImageError: ExitStatus.BAD_INPUT,
        NoEngineError: ExitStatus.BAD_INPUT,
    }


def status_of(error: Exception) -> ExitStatus:
    """The status of one of these exceptions."""
    return next(status for kind, status in statuses().items() if isinstance(error, kind))
