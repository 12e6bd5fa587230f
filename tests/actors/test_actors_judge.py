"""The judge measures what a plain measurement measures, and its games are real ones."""

import asyncio
import math

import numpy as np
import oracle
import pytest
from evaluators import hashed, row_by_row

from hexray.actors.judge import Judge
from hexray.evaluation import Evaluate, EvaluateAsync, Evaluation, Leaves, drive, know_nothing
from hexray.play.solved import measure, read_solved, shipped_openings, shipped_positions


def awaited(evaluate: Evaluate) -> EvaluateAsync:
    async def answer(leaves: Leaves) -> Evaluation:
        await asyncio.sleep(0)
        return evaluate(leaves)

    return answer


def judge_of(size: int, evaluate: Evaluate) -> Judge:
    return Judge(size, awaited(evaluate))


@pytest.mark.parametrize("simulations", [0, 1, 16])
@pytest.mark.parametrize("positions", [7, None])
def test_the_accuracies_are_those_of_a_plain_measurement(
    simulations: int, positions: int | None
) -> None:
    path = shipped_positions(5)
    assert path is not None
    solved = read_solved(path)
    part = solved if positions is None else solved.first(positions)
    expected = drive(measure(part, simulations), row_by_row(hashed))._asdict()
    found = asyncio.run(judge_of(5, row_by_row(hashed)).measure(simulations, positions))
    assert found == expected
    assert 0 < found["winner_accuracy"] < 1


def test_more_positions_than_there_are_means_all() -> None:
    judge = judge_of(6, row_by_row(hashed))
    every = asyncio.run(judge.measure(0))
    assert asyncio.run(judge.measure(0, 10**6)) == every
    path = shipped_positions(6)
    assert path is not None
    assert every["positions"] == len(read_solved(path).wins)


@pytest.mark.parametrize("size", [5, 6, 7, 8])
@pytest.mark.parametrize("positions", [1, 2, 3])
def test_every_figure_is_a_number_however_few_the_positions(size: int, positions: int) -> None:
    """Where the mover can win in none of them, there is no share of good moves to report."""
    found = asyncio.run(judge_of(size, row_by_row(hashed)).measure(1, positions))
    assert all(math.isfinite(value) for value in found.values())
    assert found["positions"] == positions
    assert ("move_accuracy" in found) == (found["movable"] > 0)


@pytest.mark.parametrize("simulations", [0, 4])
def test_openings_judged_wrongly_are_counted(simulations: int) -> None:
    openings = shipped_openings(5)
    assert openings is not None
    expected = drive(measure(openings, simulations), row_by_row(hashed)).winner_accuracy
    found = asyncio.run(judge_of(5, row_by_row(hashed)).openings(simulations))
    assert found["openings"] == 25
    assert found["openings_wrong"] == pytest.approx(25 * (1 - expected))


def test_someone_who_names_nobody_is_wrong_about_every_opening() -> None:
    found = asyncio.run(judge_of(5, know_nothing).openings(0))
    assert found == {"openings": 25, "openings_wrong": 25}


@pytest.mark.parametrize("size", [4, 11, 19])
def test_on_boards_without_known_positions_nothing_is_measured(size: int) -> None:
    def refuse(leaves: Leaves) -> Evaluation:
        raise AssertionError("nothing is to be asked")

    judge = judge_of(size, refuse)
    assert asyncio.run(judge.measure(16)) == {}
    assert asyncio.run(judge_of(11, refuse).openings(16)) == {}


@pytest.mark.parametrize("size", [2, 3, 5, 8])
@pytest.mark.parametrize("simulations", [0, 1, 12])
def test_a_sample_game_is_legal_and_goes_on_to_the_end(size: int, simulations: int) -> None:
    moves = asyncio.run(judge_of(size, row_by_row(hashed)).sample_game(simulations))
    _, _, winner = oracle.replay(size, moves)
    assert winner != oracle.EMPTY


def test_a_sample_game_of_the_raw_network_plays_its_highest_logits() -> None:
    """Each player prefers the highest cell it sees: Red the last, Blue the transposed last."""

    def evaluate(leaves: Leaves) -> Evaluation:
        logits = np.tile(np.arange(9, dtype=np.float32), (len(leaves.cells), 1))
        return know_nothing(leaves)._replace(logits=logits)

    expected, cells = [], [0] * 9
    colour = oracle.RED
    while not oracle.winner_of(cells, 3):
        free = [cell for cell in range(9) if cells[cell] == 0]
        move = max(free, key=lambda cell: oracle.mover_cell(cell, colour, 3))
        cells[move] = colour
        expected.append(move)
        colour = -colour
    assert asyncio.run(judge_of(3, evaluate).sample_game(0)) == expected


def test_sample_games_of_the_same_weights_are_the_same() -> None:
    judge = judge_of(5, row_by_row(hashed))
    assert asyncio.run(judge.sample_game(8)) == asyncio.run(judge.sample_game(8))
