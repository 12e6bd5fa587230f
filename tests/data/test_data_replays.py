"""The two engines: equal on every game, and a difference is found wherever it is."""

from pathlib import Path

import numpy as np
import pytest
from oracle import replay
from random_games import random_block

from hexray.cli import main
from hexray.data.archive import Archive
from hexray.data.replays import differences
from hexray.errors import IllegalMove, OffBoard
from hexray.game.slow import SlowBoard


@pytest.mark.parametrize("size", [2, 3, 5, 11, 19])
def test_the_engines_agree_on_random_games(size: int) -> None:
    assert list(differences(random_block(size, 20, size))) == []


@pytest.mark.parametrize("size", [2, 4, 7])
def test_the_slow_engine_is_what_the_rules_say(size: int) -> None:
    block = random_block(size, 20, 1)
    for moves in np.split(block.moves, np.cumsum(block.length)[:-1]):
        board = SlowBoard(size)
        for ply, move in enumerate(moves.tolist(), start=1):
            board.play(move)
            assert (board.cells, board.to_move, board.winner) == replay(size, moves[:ply].tolist())


def test_the_slow_engine_refuses_what_is_illegal() -> None:
    board = SlowBoard(2)
    board.play(0)
    for move, error in ((0, IllegalMove), (4, OffBoard), (-1, OffBoard)):
        with pytest.raises(error):
            board.play(move)
    board.play(1)
    board.play(2)
    assert board.winner == 1
    with pytest.raises(IllegalMove, match="over"):
        board.play(3)


def test_an_engine_that_errs_is_told_with_game_and_move(monkeypatch: pytest.MonkeyPatch) -> None:
    block = random_block(4, 6, 2)
    whole = SlowBoard._has_joined

    def errs(board: SlowBoard, colour: int) -> bool:
        return whole(board, colour) and board.cells[5] == 0

    monkeypatch.setattr(SlowBoard, "_has_joined", errs)
    found = list(differences(block._replace(ended=np.zeros(6, np.int8))))
    assert found
    assert all("the fast engine says" in words for words in found)


def test_a_wrong_winner_is_told() -> None:
    block = random_block(4, 1, 0)
    while block.ended[0]:
        block = random_block(4, 1, int(block.seed[0] % 2**32))
    (words,) = differences(block._replace(winner=-block.winner))
    assert f"game {block.game_id[0]}: won by" in words


def test_the_command_counts_games_moves_and_differences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [random_block(size, 10, size) for size in (3, 4)]
    archive = Archive(tmp_path)
    for block in blocks:
        archive.games(block.size).append(block)
    assert main(["data", "replay", str(tmp_path)]) == 0
    moves = sum(len(block.moves) for block in blocks)
    assert capsys.readouterr().out == f"20 games, {moves:,} moves, 0 differences\n"
    assert main(["data", "replay", str(tmp_path), "--board", "4"]) == 0
    assert capsys.readouterr().out.startswith("10 games")
    assert main(["data", "replay", str(tmp_path), "--board", "5"]) == 2
    assert "no games of 5x5; there are games of 3x3, 4x4" in capsys.readouterr().err
    monkeypatch.setattr(SlowBoard, "_has_joined", lambda board, colour: False)
    assert main(["data", "replay", str(tmp_path)]) == 1
    assert "the fast engine says" in capsys.readouterr().err
