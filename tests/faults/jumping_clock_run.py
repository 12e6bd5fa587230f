"""The training command, whose clock stands an hour ahead as soon as there is a file LATER (F23).

``HEXRAY_TEST_LATER=FILE python jumping_clock_run.py --run-dir ...``
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from hexray import crew, loop
from hexray.actors.learner import Learner
from hexray.actors.replay import Replays

LATER = Path(os.environ["HEXRAY_TEST_LATER"])


def jump() -> None:
    """Let the clock of this process jump; the monotonic one goes on."""
    clock = time.time
    time.time = lambda: clock() + 3600 * LATER.exists()


class JumpingPlayer(crew._PlayerActor):
    """A player whose clock jumps."""

    def __init__(self, *arguments: Any) -> None:
        jump()
        super().__init__(*arguments)


class JumpingReplays(Replays):
    """A replay whose clock jumps."""

    def __init__(self, *arguments: Any) -> None:
        jump()
        super().__init__(*arguments)


class JumpingLearner(Learner):
    """A learner whose clock jumps."""

    def __init__(self, *arguments: Any) -> None:
        jump()
        super().__init__(*arguments)


if __name__ == "__main__":
    jump()
    JumpingPlayer.__name__, JumpingReplays.__name__ = "PlayerActor", "Replays"
    JumpingLearner.__name__ = "Learner"
    crew._PlayerActor, crew.Replays, crew.Learner = JumpingPlayer, JumpingReplays, JumpingLearner
    sys.exit(loop.main())
