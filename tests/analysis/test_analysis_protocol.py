"""The analysis protocol: what is asked, what is refused, what is answered, and in what order."""

import io
import json
from typing import Any

import pytest
from evaluators import hashed, row_by_row

from hexray import __version__
from hexray.analysis.batch import serve
from hexray.analysis.opinion import opinion_of
from hexray.evaluation import Evaluation, Leaves, know_nothing
from hexray.game.board import play_sequence
from hexray.game.notation import move_name
from hexray.play.think import Limit, Thinker, never


def _asked(*lines: Any, visits: int = 24, evaluate: Any = know_nothing) -> list[dict[str, Any]]:
    texts = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    written: list[str] = []
    serve(evaluate, visits, io.BytesIO(b"\n".join(texts)), written.append)
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in written)
    return [json.loads(line) for line in written]


def _query(**fields: Any) -> dict[str, Any]:
    return {"id": "q", "moves": [], "boardXSize": 5, **fields}


def test_every_turn_asked_about_is_answered_once_under_its_id() -> None:
    one = _query(id="a", moves=["a1", "b2", "c3"], analyzeTurns=[0, 2, 3, 2])
    answers = _asked(one, _query(id="b", boardXSize=3))
    found = sorted((answer["id"], answer["turnNumber"]) for answer in answers)
    assert found == [("a", 0), ("a", 2), ("a", 3), ("b", 0)]
    assert [answer["rootInfo"]["currentPlayer"] for answer in answers[:3]] == ["B", "B", "W"]
    assert not any(answer["isDuringSearch"] for answer in answers)


def test_without_turns_the_position_after_the_last_move_is_meant() -> None:
    [answer] = _asked(_query(moves=["a1", "b2"]))
    assert answer["turnNumber"] == 2
    taken = {info["move"] for info in answer["moveInfos"]}
    assert not taken & {"a1", "b2"}


def test_an_answer_says_what_the_search_of_that_position_found() -> None:
    query = _query(boardXSize=7, moves=["g1", "a7"], maxVisits=80, includePolicy=True, maxMoves=3)
    [answer] = _asked(query, evaluate=row_by_row(hashed))
    board = play_sequence(7, [6, 42])
    thinker = Thinker(row_by_row(hashed), None)
    choice = thinker.analyse(board, Limit(80), lambda _: None, never)
    opinion = opinion_of(choice, board, thinker.line, top=3)
    assert [info["move"] for info in answer["moveInfos"]] == [
        move_name(found.cell, 7) for found in opinion.candidates
    ]
    assert [info["visits"] for info in answer["moveInfos"]] == [
        found.visits for found in opinion.candidates
    ]
    assert answer["moveInfos"][0]["pv"] == [
        move_name(cell, 7) for cell in opinion.candidates[0].line
    ]
    assert answer["rootInfo"]["visits"] == 80
    assert answer["rootInfo"]["winrate"] == pytest.approx(opinion.winrate, abs=1e-6)
    assert answer["policy"][6] == answer["policy"][42] == -1
    shares = [share for share in answer["policy"] if share >= 0]
    assert sum(shares) == pytest.approx(1, abs=1e-4)


def test_the_policy_is_left_out_unless_it_is_wanted() -> None:
    assert "policy" not in _asked(_query())[0]


def test_moves_may_name_their_colours_and_stones_may_be_set_up() -> None:
    query = _query(initialStones=[["W", "a1"], ["W", "a2"]], moves=[["B", "c3"], ["B", "d3"]])
    [answer] = _asked({**query, "includePolicy": True})
    assert answer["rootInfo"]["currentPlayer"] == "W"
    assert [cell for cell, share in enumerate(answer["policy"]) if share == -1] == [0, 5, 12, 13]


def test_the_first_player_can_be_named() -> None:
    [answer] = _asked(_query(initialPlayer="w", moves=["a1", "b1", "c1"]))
    assert answer["rootInfo"]["currentPlayer"] == "B"


def test_a_swap_mirrors_the_stone() -> None:
    [answer] = _asked(_query(moves=["b1", "swap-pieces"], includePolicy=True))
    assert [cell for cell, share in enumerate(answer["policy"]) if share == -1] == [5]
    assert answer["rootInfo"]["currentPlayer"] == "B"


def test_positions_that_wait_share_the_batches_of_the_network() -> None:
    rows: list[int] = []

    def count(leaves: Leaves) -> Evaluation:
        rows.append(len(leaves.cells))
        return row_by_row(hashed)(leaves)

    moves = ["c3", "b4", "d2", "a5"]
    _asked(_query(boardXSize=7, moves=moves, analyzeTurns=[0, 1, 2, 3, 4]), evaluate=count)
    assert max(rows) == 5
    assert len(rows) <= 24 + 1


@pytest.mark.parametrize(
    ("line", "field", "said"),
    [
        (b"{", None, "no JSON object on one line"),
        (b"[1]", None, "no JSON object;"),
        (b"\xff\xfe", None, "no JSON object on one line"),
        (b"[" * 60_000, None, "no JSON object"),
        (b"x" * 70_000, None, "longer than 65536 bytes"),
        (b'{"id": "q", "moves": [], "boardXSize": NaN}', None, "NaN is no number"),
        ({"moves": [], "boardXSize": 5}, "id", "required"),
        (_query(id=7), "id", "string"),
        (_query(moves="a1"), "moves", "list"),
        (_query(moves=["a1", "a1"]), "moves", "a1 is occupied"),
        (_query(moves=["f1"]), "moves", "off the 5x5 board"),
        (_query(moves=[["red", "a1"]]), "moves", "no colour"),
        (_query(moves=["a1", "b1", "swap-pieces"]), "moves", "only as the second move"),
        (_query(moves=["resign", "a1"]), "moves", "resigned"),
        (_query(moves=["a1"] * 400), "moves", "363 items"),
        (_query(boardXSize=20), "boardXSize", "19"),
        (_query(boardXSize=5.0), "boardXSize", "integer"),
        (_query(boardYSize=6), "boardYSize", "square"),
        (_query(analyzeTurns=[1]), "analyzeTurns", "use 0 to 0"),
        (_query(analyzeTurns=[-1]), "analyzeTurns", "use 0 to 0"),
        (_query(maxVisits=0), "maxVisits", "1"),
        (_query(maxVisits=10**30), "maxVisits", "100000"),
        (_query(boardXSize=2, moves=["a1", "b1", "a2"]), "analyzeTurns", "over at turn 3"),
        (_query(action="dance"), "action", "terminate"),
        (_query(action="terminate"), "terminateId", "which query is to end"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_field_and_id(
    line: Any, field: str | None, said: str
) -> None:
    refused, then = _asked(line, _query(id="next"))
    assert said in refused["error"]
    assert refused.get("field") == field
    has_id = isinstance(line, dict) and line.get("id") == "q"
    assert refused.get("id") == ("q" if has_id else None)
    assert then["id"] == "next"


def test_the_version_is_told_and_blank_lines_are_nothing() -> None:
    [answer] = _asked(b"", b"  \r", {"id": "v", "action": "query_version"}, b"")
    assert answer == {
        "id": "v",
        "action": "query_version",
        "version": __version__,
        "git_hash": "",
    }


def test_a_query_that_waits_can_be_ended() -> None:
    # Two searches: the turns of "first" are searched together while the rest waits.
    answers = _asked(
        _query(id="first", boardXSize=3),
        _query(id="gone", moves=["a1"], analyzeTurns=[0, 1]),
        _query(id="half", moves=["a1"], analyzeTurns=[0, 1]),
        {"id": "t", "action": "terminate", "terminateId": "gone"},
        {"id": "u", "action": "terminate", "terminateId": "half", "turnNumbers": [0]},
    )
    ended = [(a["id"], a["turnNumber"]) for a in answers if a.get("noResults")]
    assert ended == [("gone", 0), ("gone", 1), ("half", 0)]
    told = [answer["id"] for answer in answers if "action" in answer]
    assert told == ["t", "u"]
    assert [a["turnNumber"] for a in answers if a["id"] == "half" and "rootInfo" in a] == [1]


def test_all_that_waits_can_be_ended() -> None:
    answers = _asked(
        _query(moves=["a1"], analyzeTurns=[0, 1]), {"id": "t", "action": "terminate_all"}
    )
    assert [answer.get("noResults") for answer in answers] == [True, True, None]


def test_a_thousand_queries_at_once_are_all_answered() -> None:
    queries = [_query(id=str(number), boardXSize=3, moves=["a1"]) for number in range(1000)]
    answers = _asked(*queries, visits=2)
    assert {answer["id"] for answer in answers} == {str(number) for number in range(1000)}
    assert len(answers) == 1000
