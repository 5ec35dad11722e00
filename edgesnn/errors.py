"""What a user can get wrong.

Every error that a user can cause is an `EdgesnnError` whose text is one line
that says what is wrong and what to do. The command line prints that line and
exits with the class's `exit_code`; anything else is a bug and may show a traceback.
"""

from __future__ import annotations


class SettingsWarning(UserWarning):
    """Settings that can be met, but hardly as they were meant; the command line prints one line."""


class EdgesnnError(Exception):
    """Base of all errors that end in one clear line; `exit_code` is the process's status."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class UsageError(EdgesnnError):
    """An argument that cannot be meant: unknown name, bad range, a missing path."""

    exit_code = 2


class ConfigError(EdgesnnError):
    """A configuration file that cannot be read or says something impossible."""

    exit_code = 2


class DataError(EdgesnnError):
    """Recordings that are missing, corrupt, of the wrong kind, or too few."""


class NetworkError(EdgesnnError):
    """An integer network that breaks a rule of docs/SPEC.md; names the layer and the fault."""


class FileFormatError(EdgesnnError):
    """A file that is not what it claims to be: damaged, truncated, from another version."""


class LoweringError(EdgesnnError):
    """A trained model that has no exact integer network; names the layer and the fault."""


class CompileError(EdgesnnError):
    """No compiler, or one that refuses the generated C."""


class BoardError(EdgesnnError):
    """An unknown board, or one that the network does not fit."""


class NoRoomError(BoardError):
    """A board whose flash or RAM is too small for the network or the image."""


class MachineError(EdgesnnError):
    """An emulator or board that is missing, died, or answered nonsense."""


class VerifyError(EdgesnnError):
    """Two rungs of the exactness ladder differ; names step, layer and neuron."""

    exit_code = 3


class MissingExtraError(EdgesnnError):
    """An optional dependency that is not installed; says which extra brings it."""
