"""The training command on a disk that is full as long as there is a file FULL (F14).

``HEXRAY_TEST_FULL=FILE python full_disk_run.py --run-dir ...``: whatever replay and learner write
then fails as the system makes it fail, half-way.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from hexray import crew, loop
from hexray.actors.learner import Learner
from hexray.actors.replay import Replays

FULL = Path(os.environ["HEXRAY_TEST_FULL"])


def fill_up() -> None:
    """Make this process find the disk full when it flushes what it wrote."""
    flush = os.fsync

    def fsync(file: int | BinaryIO) -> None:
        if FULL.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(file)

    os.fsync = fsync


class FullReplays(Replays):
    """A replay that may find the disk full."""

    def __init__(self, *arguments: Any) -> None:
        fill_up()
        super().__init__(*arguments)


class FullLearner(Learner):
    """A learner that may find the disk full."""

    def __init__(self, *arguments: Any) -> None:
        fill_up()
        super().__init__(*arguments)


if __name__ == "__main__":
    FullReplays.__name__, FullLearner.__name__ = "Replays", "Learner"
    crew.Replays, crew.Learner = FullReplays, FullLearner
    sys.exit(loop.main())
