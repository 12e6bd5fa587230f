"""The player whose leaves and games travel through Ray; its process loads no torch."""

from typing import Any

from hexray.actors.player import Player
from hexray.cluster import remote_evaluate
from hexray.config import RunConfig
from hexray.evaluation import BEST, LIVE


class PlayerActor(Player):
    """A player whose leaves and games travel through Ray."""

    def __init__(
        self, config: RunConfig, name: str, stream: tuple[int, ...], server: Any, replay: Any
    ) -> None:
        slot = BEST if config.promotion.players_use == "best" else LIVE
        evaluate = remote_evaluate(server, config.inference.batch_rows, slot)
        super().__init__(config, name, stream, evaluate, replay.append.remote)
