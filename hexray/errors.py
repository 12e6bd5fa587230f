"""Every error hexray raises on purpose; the tree is the documentation.

Each takes one message that names the thing, what was found and the remedy, so that it survives
pickling between processes. The command line prints the message and exits with status 2.
"""


class HexrayError(Exception):
    """Something the user can mend; never a defect of the program."""


class SettingsError(HexrayError):
    """A setting is unknown, of the wrong type, out of range, or does not fit the machine."""


class IllegalMove(HexrayError):
    """A move is off the board, on an occupied cell, or made after the game was won."""


class OffBoard(IllegalMove):
    """A move names a cell that the board does not have."""


class FileFormatError(HexrayError):
    """A file does not hold what it should; the message begins with ``file:line:column``."""


class StoreError(HexrayError):
    """A store of games is damaged or belongs to another board."""


class StorageError(HexrayError):
    """The storage in which a run is kept a second time refuses or cannot be reached."""


class DiskRefuses(StoreError):
    """The disk is full or fails; what could not be written is kept and can be tried again."""


class PipelineError(HexrayError):
    """A step of the pipeline made nothing, or what it made is damaged or of other settings."""


class CheckpointError(HexrayError):
    """A checkpoint is missing, damaged, or of another network."""


class TrainingError(HexrayError):
    """Training cannot go on: rows that make no sense, or a loss that is no number."""


class NodesMissing(HexrayError):
    """A cluster does not have the nodes that a run needs, and they have not come in time."""


class ActorSilent(HexrayError):
    """A process of a run does not answer."""


class ActorDied(HexrayError):
    """A process of a run died while others waited for it."""


class CrashBudgetSpent(HexrayError):
    """A process of a run died more often than its settings allow."""


class EvaluationError(HexrayError):
    """A network answered with something that is no number, or otherwise than it should."""


class SlotEmpty(EvaluationError):
    """A server is asked for weights that it does not have; it may have begun anew since."""


class RatingsError(HexrayError):
    """Results from which no rating follows: missing, contradictory, or of a player and itself."""


class RunFolderError(HexrayError):
    """A run folder cannot be used: it belongs to another board or holds something else."""


class RunFolderBusy(RunFolderError):
    """Another process is using the run folder."""


class BadRequest(HexrayError):
    """A request to the engine is unknown, of the wrong form, or not possible now."""


class EngineFault(HexrayError):
    """Another engine died, kept silent, or answered what it may not; it has lost its game."""


class EngineResigned(HexrayError):
    """Another engine gave its game up."""
