"""Self-play for the pipeline: games of one network, the same ones whoever plays them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from hexray.config import RunConfig
from hexray.data.games import GameBlock, concat_games, take_games
from hexray.evaluation import drive
from hexray.net.checkpoint import load_net
from hexray.net.evaluator import Evaluator
from hexray.net.trainer import fresh_weights
from hexray.pipeline.notes import Done
from hexray.pipeline.tasks import write_games_done
from hexray.play.selfplay import SelfPlay


class Task(NamedTuple):
    """Games to be played.

    config  settings of the run
    player  begins the id of each game
    games   how many
    stream  spawn key of the random numbers; those of a run's players are of other lengths
    """

    config: RunConfig
    player: str
    games: int
    stream: tuple[int, ...]


def play_file(folder: Path, name: str, task: Task, checkpoint: Path | None) -> Done:
    """Play with a checkpoint's network, or a fresh one, and write the games."""
    return write_games_done(folder, name, play_games(task, checkpoint))


def play_games(task: Task, checkpoint: Path | None) -> GameBlock:
    """Play the first games that begin; those begun later are not waited for."""
    config = task.config
    settings = config.selfplay
    settings = settings.model_copy(update={"games": min(settings.games, task.games)})
    evaluate = Evaluator(config.net, config.inference, config.board)
    if checkpoint is None:
        evaluate.load(0, fresh_weights(config.net, config.seed))
    else:
        served = load_net(checkpoint)
        evaluate.load(served.version, served.weights)
    play = SelfPlay(config.board, settings, config.search, task.player, config.seed, task.stream)
    ended: list[GameBlock] = []
    wanted = {f"{task.player}-{serial}" for serial in range(task.games)}
    while wanted:
        block = drive(play.step(), evaluate)
        if block is not None:
            keep = np.array([name in wanted for name in block.game_id], np.bool_)
            ended.append(take_games(block, keep))
            wanted.difference_update(block.game_id)
    return concat_games(ended)
