"""The judge measures what a plain measurement measures, and its games are real ones."""

import asyncio
import math

import numpy as np
import oracle
import pytest
from evaluators import hashed, row_by_row
from training_rows import random_rows

from hexray.actors.judge import Judge
from hexray.config import JudgeSettings
from hexray.data.held_out import SplitRows
from hexray.data.rows import Rows
from hexray.evaluation import Evaluate, EvaluateAsync, Evaluation, Leaves, drive, know_nothing
from hexray.play.first_moves import judge_first_moves
from hexray.play.solved import measure, read_solved, shipped_positions


def awaited(evaluate: Evaluate) -> EvaluateAsync:
    async def answer(leaves: Leaves) -> Evaluation:
        await asyncio.sleep(0)
        return evaluate(leaves)

    return answer


def judge_of(size: int, evaluate: Evaluate) -> Judge:
    return Judge(size, awaited(evaluate))


@pytest.mark.parametrize("simulations", [0, 1, 16])
@pytest.mark.parametrize("positions", [40, None])
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
def test_first_moves_are_judged_as_without_actors(simulations: int) -> None:
    expected = drive(judge_first_moves(5, simulations), row_by_row(hashed))
    found = asyncio.run(judge_of(5, row_by_row(hashed)).first_moves(simulations))
    assert found.value.tolist() == expected.value.tolist()
    assert found.counts == expected.counts


def knows(rows: Rows, share: float) -> Evaluate:
    """Name the winner of that share of the rows, the first ones; the other player of the rest."""
    sign = np.where(np.arange(len(rows.outcome)) < share * len(rows.outcome), 1, -1)
    said = dict(zip(map(bytes, rows.cells), 0.8 * sign * rows.outcome, strict=True))

    def evaluate(leaves: Leaves) -> Evaluation:
        value = np.array([said.get(bytes(cells), 0.8) for cells in leaves.cells], np.float32)
        return know_nothing(leaves)._replace(value=value)

    return evaluate


@pytest.mark.parametrize(("bound", "alarm"), [(0.0, 1), (0.24, 1), (0.25, 0), (0.26, 0), (1.0, 0)])
def test_the_alarm_is_raised_when_the_gap_passes_its_bound(bound: float, alarm: int) -> None:
    """Three quarters of the rows trained on are judged rightly, and half of the held-out ones."""
    training, held = random_rows(64, 5, seed=1), random_rows(64, 5, seed=2)
    held = held._replace(outcome=np.repeat(np.array([1, -1], np.int8), 32))
    judge = judge_of(5, knows(training, 0.75))
    settings = JudgeSettings(gap_bound=bound)
    found = asyncio.run(judge.compare(SplitRows(training, held), settings))
    assert found["held_out/gap"] == 0.25
    assert found["held_out/value_accuracy"] == 0.5
    assert found["held_out/ece"] == pytest.approx(0.4)
    assert found["held_out/brier"] == pytest.approx((0.9**2 + 0.1**2) / 2)
    assert found["alarm/gap"] == alarm


def test_without_held_out_games_nothing_is_asked_and_nothing_said() -> None:
    def refuse(leaves: Leaves) -> Evaluation:
        raise AssertionError("nothing is to be asked")

    assert asyncio.run(judge_of(5, refuse).compare(None, JudgeSettings())) == {}


@pytest.mark.parametrize("size", [3, 11, 19])
def test_on_boards_without_known_positions_nothing_is_measured(size: int) -> None:
    def refuse(leaves: Leaves) -> Evaluation:
        raise AssertionError("nothing is to be asked")

    judge = judge_of(size, refuse)
    assert asyncio.run(judge.measure(16)) == {}


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
