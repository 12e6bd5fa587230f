"""Which board has its turn when, and how turns are dealt out."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexray.config import RunConfig, with_overrides
from hexray.curriculum import Turns, board_in_turn, boards_of, shares_of_work
from hexray.errors import SettingsError

STAGES = {"boards": (5, 6), "until": (0.25, 0.5), "rehearsal": 0.2}


def config(board: int = 7, **curriculum: object) -> RunConfig:
    return with_overrides(RunConfig(), {"board": board, "curriculum": curriculum})


@pytest.mark.parametrize(
    ("progress", "board"), [(0, 5), (0.249, 5), (0.25, 6), (0.499, 6), (0.5, 7), (1, 7)]
)
def test_every_board_has_its_time(progress: float, board: int) -> None:
    assert board_in_turn(progress, config(**STAGES)) == board


def test_without_stages_all_work_goes_to_the_board_of_the_run() -> None:
    assert boards_of(config()) == (7,)
    assert shares_of_work(0.0, config()) == {7: 1.0}


def test_boards_that_had_their_turn_share_the_rehearsal() -> None:
    assert shares_of_work(0.1, config(**STAGES)) == {5: 1.0}
    assert shares_of_work(0.3, config(**STAGES)) == {5: 0.2, 6: 0.8}
    shares = shares_of_work(0.9, config(**STAGES))
    assert shares == pytest.approx({5: 0.2 / 3, 6: 0.4 / 3, 7: 0.8})


SHARES = st.dictionaries(st.integers(2, 19), st.floats(0.05, 1), min_size=1, max_size=5)


@given(SHARES)
def test_in_the_long_run_turns_follow_the_shares(weights: dict[int, float]) -> None:
    total = sum(weights.values())
    shares = {board: weight / total for board, weight in weights.items()}
    turns = Turns()
    dealt = Counter(turns.take(shares, shares) for _ in range(400))
    for board, share in shares.items():
        assert abs(dealt[board] - 400 * share) < len(shares)


def test_who_is_not_ready_makes_up_for_one_turn_at_most() -> None:
    turns, shares = Turns(), {5: 0.5, 6: 0.5}
    assert [turns.take(shares, {5}) for _ in range(50)] == [5] * 50
    after = [turns.take(shares, shares) for _ in range(100)]
    assert after.count(6) <= 52 + 50  # what was missed is not all made up
    assert turns.take(shares, set()) is None


def test_a_share_of_nothing_gets_no_turn() -> None:
    turns = Turns()
    assert {turns.take({5: 0.0, 6: 1.0}, {5, 6}) for _ in range(20)} == {6}
    assert turns.take({5: 0.0, 6: 1.0}, {5}) is None


@pytest.mark.parametrize(
    ("curriculum", "reason"),
    [
        ({"boards": (5, 6), "until": (0.5,)}, "2 boards and 1 times"),
        ({"boards": (6, 5), "until": (0.2, 0.5)}, "do not grow"),
        ({"boards": (5, 5), "until": (0.2, 0.5)}, "do not grow"),
        ({"boards": (5, 6), "until": (0.5, 0.2)}, "do not grow"),
        ({"boards": (5, 7), "until": (0.2, 0.5)}, "do not end below board 7"),
        ({"boards": (5,), "until": (1.0,)}, "less than 1"),
        ({"rehearsal": 1.5}, "rehearsal"),
    ],
)
def test_stages_that_make_no_sense_are_refused(curriculum: dict[str, object], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        config(**curriculum)
