"""What a run has reached: its last weights measured on every board that it trained."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hexray.config import RunConfig
from hexray.curriculum import boards_of
from hexray.play.first_moves import FirstMoves
from hexray.starting import Actors


class Reached(NamedTuple):
    """What a run has reached: measurements, first moves, and the moves of a game against itself.

    ``smaller`` holds the measurements of the boards before the last, by board.
    """

    strength: dict[str, Any]
    smaller: dict[int, dict[str, float]]
    first_moves: FirstMoves
    game: list[int]


def measure_reached(answer: Callable[..., Any], actors: Actors, config: RunConfig) -> Reached:
    """Let the judge measure the weights that the servers hold.

    ``answer`` asks an actor, by name, with a method and its arguments, until there is an answer.
    """
    judge, simulations = actors.judge, config.judge.final_simulations
    first_moves, figures = {}, {}
    for board in boards_of(config):
        first_moves[board] = answer("judge", judge.first_moves, board, simulations)
        measured = answer("judge", judge.measure, board, simulations)
        figures[board] = {**measured, **first_moves[board].counts}
    compared = answer("judge", judge.compare, *to_compare(actors, config))
    strength = {**figures.pop(config.board), **compared, "simulations": simulations}
    game = answer("judge", judge.sample_game, config.board, simulations)
    return Reached(strength, figures, first_moves[config.board], game)


def to_compare(actors: Actors, config: RunConfig) -> tuple[Any, ...]:
    """Return what the judge needs to compare held-out games of the run's own board."""
    rows = actors.replay.sample_both.remote(config.judge.held_out_rows, config.board)
    return config.board, rows, config.judge
