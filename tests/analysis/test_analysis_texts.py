"""Games pasted in any notation become games that can be played on, and texts again."""

import pytest
from drawn_records import known_to, records
from hypothesis import given, settings

from hexray.analysis.texts import game_of, read_game, record_from, write_game
from hexray.errors import FileFormatError, IllegalMove
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.formats.record import GameRecord
from hexray.htp.game import RESIGN, SWAP, Game, point_name


def _names(game: Game) -> str:
    return " ".join(point_name(ply.point, game.size) for ply in game.plies)


@settings(deadline=None, max_examples=30)
@given(records())
def test_a_record_played_as_a_game_is_the_same_record(record: GameRecord) -> None:
    game = game_of(record)
    again = record_from(game, record.first, record.second)
    assert again == record._replace(ending=record.ending.replace("forfeited", "resigned"))


@pytest.mark.parametrize("notation", ["sgf", "trmph", "hexworld"])
@settings(deadline=None, max_examples=30)
@given(record=records())
def test_what_is_written_is_read_as_the_same_game(notation: str, record: GameRecord) -> None:
    text = write_game(record, notation)  # pyright: ignore[reportArgumentType]
    assert read_game(f" {text}\n") == known_to(notation, record)


@pytest.mark.parametrize(
    "text",
    [
        "(;FF[4]GM[11]SZ[5];B[b1];W[swap-pieces];B[c3])",
        "https://hexworld.org/board/#5,b1:sc3",
        "#5,b1:sc3",
        "https://trmph.com/hex/board#5,a2a2c3",
        "#5,a2a2c3",
    ],
)
def test_every_notation_of_one_game_is_the_same_game(text: str) -> None:
    game = game_of(read_game(text))
    assert _names(game) == "b1 swap-pieces c3"
    assert (game.board.cells[0, 5], game.board.cells[0, 12]) == (BLUE, RED)


@pytest.mark.parametrize(
    "text", ["a1 b2 c3", "a1,b2;c3", "1. a1 2. b2 3. c3", " A1\n\tb2 C3 ", "1.a1 2.b2, 3.c3"]
)
def test_a_list_of_moves_is_read_with_the_size_of_its_board(text: str) -> None:
    assert read_game(text, 5) == GameRecord(5, (0, 6, 12))


def test_a_list_may_swap_and_resign() -> None:
    record = read_game("b1 swap-pieces c3 resign", 5)
    assert (record.winner, record.ending, record.swapped) == (BLUE, "resigned", True)
    game = game_of(record)
    assert [ply.point for ply in game.plies] == [1, SWAP, 12, RESIGN]
    assert game.winner == RED


@pytest.mark.parametrize(
    ("text", "size", "error", "said"),
    [
        ("", 5, None, ""),
        ("a1 b2", None, FileFormatError, "does not say its board"),
        ("a1 b22", 5, IllegalMove, "off the 5x5 board"),
        ("a1 x", 5, FileFormatError, "'x' is no move"),
        ("a1a2", 5, FileFormatError, "'a1a2' is no move"),
        ("a1 a1", 5, IllegalMove, "move 2, 'a1': a1 is occupied"),
        ("a1 b1 a2 b2", 2, IllegalMove, "after the end"),
        ("#5,a1", 6, FileFormatError, "on 5x5, not 6x6"),
        ("#5,a1f9", None, FileFormatError, "line 1, column 6: "),
        ("#", None, FileFormatError, "no game; give"),
        ("# a comment", None, FileFormatError, "no game; give"),
        ("#50:", None, FileFormatError, "line 1, "),
        ("(;GM[1]SZ[5];B[a1])", None, FileFormatError, "Hex is GM[11]"),
        ("(", None, FileFormatError, "line 1, "),
        ("(;FF[4]GM[11]SZ[5]AB[a1];B[b1])", None, FileFormatError, "sets stones up"),
    ],
)
def test_what_is_no_game_is_an_error_that_says_where(
    text: str, size: int | None, error: type[Exception] | None, said: str
) -> None:
    if error is None:
        assert read_game(text, size) == GameRecord(5, (), EMPTY)
        return
    with pytest.raises(error) as caught:
        read_game(text, size)
    assert said in str(caught.value)


def test_a_game_whose_colours_did_not_take_turns_has_no_record() -> None:
    game = Game(3)
    game.play(RED, 0)
    game.play(RED, 1)
    with pytest.raises(IllegalMove, match="move 2 is not by the colour"):
        record_from(game)
