"""Decided games: when a game is one, what it costs, how often the verdict was wrong."""

from collections.abc import Sequence

import numpy as np
import pytest
from evaluators import hashed, row_by_row
from oracle import BLUE, EMPTY, RED, Evaluator

from hexray.config import SearchSettings, SelfplaySettings
from hexray.data.checks import check_block
from hexray.data.games import GameBlock, concat_games
from hexray.evaluation import drive
from hexray.play.decided import decided_colours
from hexray.play.selfplay import SelfPlay

SEARCHES = [
    SearchSettings(simulations=16, candidates=4, connections=False),
    SearchSettings(root="puct", simulations=16, temperature=0.0, connections=False),
]
each_root = pytest.mark.parametrize("search", SEARCHES, ids=["gumbel", "puct"])
NO_OPENING = {"random_share": 1.0, "random_stones": 0.0}


@pytest.mark.parametrize(
    ("values", "to_move", "colour"),
    [
        ([], RED, EMPTY),
        ([0.99, -0.99], RED, EMPTY),  # one ply short
        ([0.99, -0.99, 0.99], BLUE, RED),  # Red, Blue, Red were to move
        ([0.99, -0.99, 0.99], RED, BLUE),  # Blue, Red, Blue were
        ([-0.99, 0.99, -0.99], BLUE, BLUE),
        ([0.99, 0.99, 0.99], BLUE, EMPTY),  # each for another colour
        ([0.99, -0.94, 0.99], BLUE, EMPTY),
        ([0.95, -0.95, 0.95], BLUE, RED),  # the bound is inclusive
        ([0.1, -0.99, 0.99, -0.99], RED, RED),  # what lies further back does not count
        ([0.99, -0.99, 0.99, -0.5], RED, EMPTY),  # open again
        ([1, -1, 1, 1, -1, 1], RED, BLUE),  # the verdict has turned round
    ],
)
def test_a_game_is_decided_by_three_plies_in_a_row_for_one_colour(
    values: list[float], to_move: int, colour: int
) -> None:
    settings = SelfplaySettings(decided_value=0.95, decided_plies=3)
    table = np.full((2, 9), 0.99, np.float32)  # what an earlier game has left behind
    table[1, : len(values)] = values
    searched = np.array([0, len(values)])
    found = decided_colours(table, searched, np.array([RED, to_move], np.int8), settings)
    assert found.tolist() == [EMPTY, colour]


def test_a_new_game_is_not_decided_by_the_one_before_it() -> None:
    settings = SelfplaySettings(decided_plies=1)
    left = np.full((1, 9), 0.99, np.float32)
    found = decided_colours(left, np.array([0]), np.array([RED], np.int8), settings)
    assert found.tolist() == [EMPTY]


def _says(winner: int, value: float = 0.99, steered: int = EMPTY) -> Evaluator:
    """Say that ``winner`` wins; ``steered`` builds straight down, the other along its own edge."""

    def evaluate(seen: Sequence[int]) -> tuple[list[float], float]:
        mover = RED if seen.count(1) == seen.count(-1) else BLUE
        size = round(len(seen) ** 0.5)
        logits = [0.0] * len(seen)
        if steered:
            goal = range(2, len(seen), size) if mover == steered else range(size)
            for cell in goal:
                logits[cell] = 1e3
        return logits, value if mover == winner else -value

    return evaluate


def _group(search: SearchSettings, size: int, **settings: object) -> SelfPlay:
    asked = SelfplaySettings.model_validate({"games": 5, **NO_OPENING, **settings})
    return SelfPlay(size, asked, search, "test", 0, (0,))


def _rows_of_steps(group: SelfPlay, evaluator: Evaluator, steps: int) -> list[int]:
    asked: list[int] = []
    rows = []
    for _ in range(steps):
        asked.clear()
        drive(group.step(), row_by_row(evaluator, asked))
        rows.append(sum(asked))
    return rows


@each_root
def test_a_decided_game_gets_the_light_simulations(search: SearchSettings) -> None:
    group = _group(search, 7, decided_simulations=2, decided_verify=0.0)
    rows = _rows_of_steps(group, _says(RED), 6)
    assert rows == [5 * 17] * 3 + [5 * 3] * 3
    assert group.take_counts()["light_searches"] == 3 * 5
    assert group.take_counts()["light_searches"] == 0


@each_root
@pytest.mark.parametrize("evaluator", [_says(RED, 0.9), _says(EMPTY)], ids=["unsure", "turning"])
def test_a_game_not_decided_is_searched_in_full(
    search: SearchSettings, evaluator: Evaluator
) -> None:
    group = _group(search, 7, decided_simulations=2, decided_verify=0.0)
    assert _rows_of_steps(group, evaluator, 6) == [5 * 17] * 6


@each_root
def test_a_verified_game_is_searched_in_full(search: SearchSettings) -> None:
    group = _group(search, 7, decided_simulations=2, decided_verify=1.0)
    assert _rows_of_steps(group, _says(RED), 6) == [5 * 17] * 6
    assert group.take_counts()["light_searches"] == 0


def test_the_share_of_verified_games_follows_the_setting() -> None:
    games = 4000
    group = _group(
        SearchSettings(simulations=2, candidates=1, connections=False),
        5,
        games=games,
        decided_plies=1,
        decided_simulations=1,
        decided_verify=0.25,
    )
    evaluate = row_by_row(_says(RED))
    drive(group.step(), evaluate)
    drive(group.step(), evaluate)
    share = 1 - group.take_counts()["light_searches"] / games
    # Five standard errors: a chance below one in a million.
    assert share == pytest.approx(0.25, abs=5 * (0.25 * 0.75 / games) ** 0.5)


def test_by_default_no_game_is_spared_and_none_is_counted() -> None:
    group = _group(SEARCHES[0], 7)
    assert _rows_of_steps(group, _says(RED), 6) == [5 * 17] * 6
    assert set(group.take_counts().values()) == {0}


def test_minimax_searches_decided_games_as_any_other() -> None:
    search = SearchSettings(kind="minimax", widths=(4, 2))
    group = _group(search, 6, decided_simulations=1, decided_verify=0.5)
    assert _rows_of_steps(group, _says(RED), 6) == [5 * (1 + 4 + 8)] * 6
    assert set(group.take_counts().values()) == {0}


@pytest.mark.parametrize(("said", "rate"), [(BLUE, 1.0), (RED, 0.0)], ids=["wrong", "right"])
def test_the_false_rate_tells_a_wrong_evaluator_from_a_right_one(said: int, rate: float) -> None:
    """Red wins every game; the evaluator is sure of it, or of the contrary."""
    search = SearchSettings(simulations=4, candidates=2, c_scale=0.0, connections=False)
    group = _group(search, 5, decided_simulations=1, decided_verify=1.0)
    evaluate = row_by_row(_says(said, steered=RED))
    blocks = [drive(group.step(), evaluate) for _ in range(30)]
    winners = np.concatenate([block.winner for block in blocks if block is not None])
    assert (winners == RED).all()
    counts = group.take_counts()
    assert counts["decided_verified"] == len(winners) > 10
    assert counts["decided_false"] == rate * len(winners)
    assert set(group.take_counts().values()) == {0}


def _slow_counts(block: GameBlock, value: float, plies: int) -> tuple[int, int]:
    """Count the games called decided and the false calls from the records alone."""
    verified = false = first = 0
    for game in range(len(block.game_id)):
        searched = int(block.length[game] - block.opening[game])
        red = [
            float(v) * (RED if (block.opening[game] + ply) % 2 == 0 else BLUE)
            for ply, v in enumerate(block.root_value[first : first + searched])
        ]
        first += searched
        called = EMPTY
        # The value of the last ply is known only after the last search.
        for end in range(plies, searched):
            last = red[end - plies : end]
            if called == EMPTY and all(v >= value for v in last):
                called = RED
            if called == EMPTY and all(v <= -value for v in last):
                called = BLUE
        verified += called != EMPTY
        false += called not in (EMPTY, block.winner[game])
    return verified, false


def test_verified_games_are_counted_as_their_records_say() -> None:
    settings = {"random_share": 0.5, "random_stones": 0.5, "games": 20, "adjudicate_share": 0.5}
    decided = {"decided_value": 0.25, "decided_plies": 2, "decided_verify": 1.0}
    group = _group(SEARCHES[0], 5, decided_simulations=2, **settings, **decided)
    found = [drive(group.step(), row_by_row(hashed)) for _ in range(90)]
    block = concat_games([block for block in found if block is not None])
    counts = group.take_counts()
    verified, false = _slow_counts(block, 0.25, 2)
    assert (counts["decided_verified"], counts["decided_false"]) == (verified, false)
    assert 2 < false < verified < len(block.game_id)


@each_root
def test_records_of_light_searches_are_valid(search: SearchSettings) -> None:
    group = _group(search, 5, decided_simulations=2, decided_value=0.2, decided_plies=1)
    found = [drive(group.step(), row_by_row(hashed)) for _ in range(40)]
    block = concat_games([block for block in found if block is not None])
    check_block(block)
    assert (block.policy.sum(1, dtype=np.float32) > 0.99).all()
    assert group.take_counts()["light_searches"] > 20
