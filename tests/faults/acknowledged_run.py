"""The training command, with every game id that replay has acknowledged written into a folder.

``HEXRAY_TEST_ACKNOWLEDGED=FOLDER python acknowledged_run.py --run-dir ...`` is a process of its own
because it changes what players do: whatever is sent to them begins with this file.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hexray import loop, starting
from hexray.config import RunConfig
from hexray.data.games import GameBlock

FOLDER = Path(os.environ["HEXRAY_TEST_ACKNOWLEDGED"])


class LoggingPlayer(starting.PlayerActor):
    """A player that writes down what was acknowledged, the moment it learns of it."""

    def __init__(
        self, config: RunConfig, name: str, stream: tuple[int, ...], server: Any, replay: Any
    ) -> None:
        super().__init__(config, name, stream, server, replay)
        deliver, log = self._deliver, open(FOLDER / name, "a", buffering=1)  # noqa: SIM115

        async def logged(block: GameBlock) -> tuple[str, ...]:
            acknowledged = await deliver(block)
            log.writelines(f"{game_id}\n" for game_id in acknowledged)
            return acknowledged

        self._deliver = logged


if __name__ == "__main__":
    LoggingPlayer.__name__ = "PlayerActor"
    starting.PlayerActor = LoggingPlayer
    sys.exit(loop.main())
