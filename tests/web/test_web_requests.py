"""What requests may say, and what is answered to each mistake."""

import pytest

from hexray.web.games import game_in, text_of
from hexray.web.refused import Refused
from hexray.web.requests import GameRequest, MoveRequest, WriteRequest, parsed, played

GOOD = '{"net": "1", "size": 5, "moves": ["c3", "swap-pieces", "d2"], "simulations": 64}'


def test_a_request_is_read_as_it_stands() -> None:
    wanted = parsed(GOOD.encode(), GameRequest)
    assert (wanted.net, wanted.size, wanted.simulations, wanted.seconds) == ("1", 5, 64, None)
    assert wanted.moves == ["c3", "swap-pieces", "d2"]


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"", "", "no JSON"),
        (b"\xff\xfe", "", "no JSON"),
        (b"{", "", "no JSON"),
        (b"[" * 60_000, "", "no JSON"),
        (b'{"a":' * 12_000, "", "no JSON"),
        (b"1" * 60_000, "", "no JSON"),
        (b"[]", "", "the body is []"),
        (b"null", "", "the body is None"),
        (b'{"moves": []}', "size", "size is missing"),
        (b'{"size": 5}', "moves", "moves is missing"),
        (b'{"size": 1, "moves": []}', "size", "greater than or equal to 2"),
        (b'{"size": 20, "moves": []}', "size", "less than or equal to 19"),
        (b'{"size": 5.0, "moves": []}', "size", "valid integer"),
        (b'{"size": "5", "moves": []}', "size", "valid integer"),
        (b'{"size": true, "moves": []}', "size", "valid integer"),
        (b'{"size": 1e999, "moves": []}', "size", "valid integer"),
        (b'{"size": ' + b"9" * 4000 + b', "moves": []}', "size", "less than or equal to 19"),
        (b'{"size": 5, "moves": {}}', "moves", "valid list"),
        (b'{"size": 5, "moves": "c3"}', "moves", "valid list"),
        (b'{"size": 5, "moves": ["c3", 4]}', "moves", "moves[1] is 4"),
        (b'{"size": 5, "moves": [[["c3"]]]}', "moves", "moves[0] is [['c3']]"),
        (b'{"size": 5, "moves": ["\\ud800"]}', "moves", "moves[0]"),
        (b'{"size": 5, "moves": ["' + b"c" * 30_000 + b'"]}', "moves", "at most 20"),
        (b'{"size": 5, "moves": [' + b'"c3",' * 9000 + b'"c3"]}', "moves", "at most 363"),
        (b'{"size": 5, "moves": [], "net": 1}', "net", "valid string"),
        (b'{"size": 5, "moves": [], "simulations": 0}', "simulations", "equal to 1"),
        (b'{"size": 5, "moves": [], "simulations": 20001}', "simulations", "equal to 20000"),
        (b'{"size": 5, "moves": [], "seconds": NaN}', "", "NaN is no number"),
        (b'{"size": 5, "moves": [], "seconds": -Infinity}', "", "-Infinity is no number"),
        (b'{"size": 5, "moves": [], "seconds": 1e999}', "seconds", "finite"),
        (b'{"size": 5, "moves": [], "seconds": 1' + b"0" * 400 + b"}", "seconds", "seconds is 1"),
        (b'{"size": 5, "moves": [], "seconds": 0}', "seconds", "greater than 0"),
        (b'{"size": 5, "moves": [], "seconds": 61}', "seconds", "equal to 60"),
        (b'{"size": 5, "moves": [], "colour": 1}', "colour", "not permitted"),
        (b'{"size": 5, "moves": [], "resignBelow": 2}', "resignBelow", "equal to 1"),
    ],
)
def test_each_mistake_is_a_sentence_that_names_its_field(
    body: bytes, field: str, reason: str
) -> None:
    with pytest.raises(Refused) as caught:
        parsed(body, MoveRequest)
    assert reason in str(caught.value)
    assert caught.value.field == field
    assert caught.value.status == 400
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_deep_nesting_just_within_what_json_bears_is_refused_like_any_other() -> None:
    for depth in range(850, 1000):
        body = b'{"size": 5, "moves": ' + b"[" * depth + b"]" * depth + b"}"
        with pytest.raises(Refused):
            parsed(body, MoveRequest)


@pytest.mark.parametrize(
    ("moves", "reason"),
    [
        (["c4"], "move 1, 'c4': 'c4' is off the 3x3 board"),
        (["d1"], "move 1, 'd1': 'd1' is off the 3x3 board"),
        (["c0"], "move 1, 'c0': 'c0' is no cell"),
        ([""], "move 1, ''"),
        (["pass"], "move 1, 'pass'"),
        (["b2", "b2"], "move 2, 'b2': b2 is occupied"),
        (["swap-pieces"], "move 1, 'swap-pieces'"),
        (["b1", "a1", "swap-pieces"], "move 3, 'swap-pieces'"),
        (["b1", "swap-pieces", "a2"], "move 3, 'a2': a2 is occupied"),
        (["b1", "swap-pieces", "swap-pieces"], "move 3, 'swap-pieces'"),
        (["b1", "resign", "b2"], "move 3, 'b2', comes after the end"),
        (["resign", "swap-pieces"], "move 2, 'swap-pieces', comes after the end"),
        (["b1", "a1", "b2", "a2", "b3", "a3"], "move 6, 'a3', comes after the end"),
    ],
)
def test_a_move_that_is_none_is_named(moves: list[str], reason: str) -> None:
    with pytest.raises(Refused) as caught:
        played(3, moves)
    assert str(caught.value).startswith(reason)
    assert caught.value.field == "moves"


@pytest.mark.parametrize(
    ("text", "size", "moves", "result"),
    [
        ("(;FF[4]GM[11]SZ[5];B[c3];W[d2])", 5, "c3 d2", ""),
        ("(;GM[11]SZ[5]PB[Ann]RE[B+];B[c3];W[d2])", 5, "c3 d2", "red"),
        ("(;GM[11]SZ[5]RE[W+];B[c3];W[d2])", 5, "c3 d2 resign", "blue"),
        ("(;GM[11]SZ[5];B[b1];W[swap-pieces];B[c3])", 5, "b1 swap-pieces c3", ""),
        ("#13,a4g7e9", 13, "a4 g7 e9", ""),
        ("# by Ann\n\ntrmph.com/hex/board#5,a2a2c3 b", 5, "b1 swap-pieces c3 resign", "red"),
        ("https://hexworld.org/board/#11r9c1,b3:sc6i9", 11, "b3 swap-pieces c6 i9", ""),
        ("#11,b3:sc6", 11, "b3 swap-pieces c6", ""),
        ("#11,b3,c6", 11, "b3 c6", ""),
        ("https://hexworld.org/board/#5,c3d4:rb", 5, "c3 d4 resign", "blue"),
        ("#5 c3 d4", 5, "c3 d4", ""),
        ("3 B1 A1 b2 a2 b3", 3, "b1 a1 b2 a2 b3", "red"),
        ("\ufeff  #2", 2, "", ""),
    ],
)
def test_games_are_read_in_every_form(text: str, size: int, moves: str, result: str) -> None:
    found = game_in(text)
    assert (found["size"], " ".join(found["moves"]), found["result"]) == (size, moves, result)
    assert found["first"] == ("Ann" if "PB[Ann]" in text else "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "text is empty"),
        (" \n", "text is empty"),
        ("hello", "'hello' does not say its board; give an SGF"),
        ("/etc/passwd", "does not say its board"),
        ("(", "line 1, column"),
        ("(" * 60_000, "line 1, column"),
        ("(;GM[1]SZ[5])", "GM is 1"),
        ("(;GM[11]SZ[99])", "hexray plays on 2x2 to 19x19"),
        ("(;GM[11]SZ[5:6])", "rectangular"),
        ("(;GM[11]SZ[5];B[c3];W[c3])", "c3 is occupied"),
        ("#5,c3c9", "line 1, column 6: 'c9' is off the 5x5 board"),
        ("# by Ann\n\n#5,c3c9", "line 3, column 6: 'c9' is off the 5x5 board"),
        ("#99,c3", "hexray plays on 2x2 to 19x19"),
        ("#5 c3 c3", "move 2, 'c3': c3 is occupied"),
        ("#19," + "a1" * 30_000, "line 1 is longer than 4096 characters"),
        ("#1 a1", "hexray plays on 2x2 to 19x19"),
        ("https://hexworld.org/board/#5,c3:p", "a pass"),
        ("#5 " + "a1 " * 20_000, "is occupied"),
    ],
)
def test_a_text_that_is_no_game_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        game_in(text)
    assert reason in str(caught.value)
    assert caught.value.field == "text"


@pytest.mark.parametrize(
    ("form", "moves", "text"),
    [
        ("sgf", "b1 swap-pieces c3", "(;FF[4]GM[11]SZ[5]PB[Ann \\]];B[b1];W[swap-pieces];B[c3])\n"),
        ("trmph", "b1 swap-pieces c3", "#5,a2a2c3"),
        ("trmph", "b1 resign", "#5,b1 b"),
        ("hexworld", "b1 swap-pieces c3", "https://hexworld.org/board/#5,b1:sc3"),
        ("hexworld", "b1 c3 resign", "https://hexworld.org/board/#5,b1c3:rb"),
        ("hexworld", "b1 swap-pieces", "https://hexworld.org/board/#5,b1:s"),
    ],
)
def test_games_are_written_in_every_form_and_read_again(form: str, moves: str, text: str) -> None:
    request = WriteRequest(size=5, moves=moves.split(), format=form, first="Ann ]")
    assert text_of(request) == text
    assert game_in(text)["moves"] == moves.split()


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"format": "../sgf"}, "format"), ({"first": "a\nb"}, "first"), ({"moves": ["z9"]}, "moves")],
)
def test_a_game_that_cannot_be_written_is_refused(changed: dict, field: str) -> None:
    asked = {"size": 5, "moves": ["c3"], "format": "sgf", **changed}
    with pytest.raises(Refused) as caught:
        text_of(WriteRequest(**asked))
    assert caught.value.field == field
