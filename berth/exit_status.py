"""The exit statuses of every command."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """What a script reads of how a command ended."""

    DONE = 0
    NO = 1
    BAD_INPUT = 2
    INTERRUPTED = 130


MEANINGS = {
    ExitStatus.DONE: "The command has done what was asked for.",
    ExitStatus.NO: "The result is no, and the reason is printed: a check, a gate, a verification or"
    " a plan refuses.",
    ExitStatus.BAD_INPUT: "The input is wrong or something that the command needs is missing: one"
    " line says what and where. Nothing was changed.",
    ExitStatus.INTERRUPTED: "The command was interrupted from the keyboard.",
}
