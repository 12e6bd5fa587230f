"""What holds for every kind of search."""

import numpy as np
import pytest
from drawn import drawn, together
from evaluators import hashed, row_by_row

from hexray.config import SearchSettings
from hexray.errors import EvaluationError, IllegalMove
from hexray.evaluation import Evaluation, Leaves, drive, know_nothing
from hexray.game.board import new_boards
from hexray.search import search

KINDS = [
    SearchSettings(),
    SearchSettings(root="puct"),
    SearchSettings(kind="minimax", widths=(4, 2)),
]
each_kind = pytest.mark.parametrize("settings", KINDS, ids=["gumbel", "puct", "minimax"])


@each_kind
def test_a_game_already_won_is_refused_by_its_number(settings: SearchSettings) -> None:
    boards = together([new_boards(1, 2), drawn("R B  R .")])
    with pytest.raises(IllegalMove, match="game 1 is already won; search only games in progress"):
        drive(search(boards, settings, None, np.zeros(2, np.bool_)), know_nothing)


@each_kind
def test_an_evaluator_that_answers_no_number_is_refused(settings: SearchSettings) -> None:
    def broken(leaves: Leaves) -> Evaluation:
        said = know_nothing(leaves)
        said.logits[0, 0] = np.nan
        return said

    with pytest.raises(EvaluationError, match="not finite"):
        drive(search(new_boards(2, 3), settings, None, np.zeros(2, np.bool_)), broken)


@each_kind
def test_the_answer_has_the_promised_shapes(settings: SearchSettings) -> None:
    result = drive(
        search(new_boards(3, 4), settings, None, np.zeros(3, np.bool_)), row_by_row(hashed)
    )
    assert result.moves.shape == result.value.shape == result.proven.shape == (3,)
    assert result.policy.shape == (3, 16)
    assert result.policy.dtype == result.value.dtype == np.float32
