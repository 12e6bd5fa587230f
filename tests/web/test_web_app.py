"""The routes: what is asked for, what comes back, and which requests are none."""

import json
from pathlib import Path

import pytest
from asked_app import JSON, RANDOM, Client, asked, scene
from made_checkpoints import TRAINER, made

from hexray.cli.networks import evaluator_of
from hexray.evaluation import Evaluation, Leaves, know_nothing
from hexray.game.board import RED
from hexray.net.kept import ServedNet
from hexray.web.files import page_files
from hexray.web.guard import is_own
from hexray.web.nets import Net

NET = Net(
    "2",
    "tiny",
    3,
    (3,),
    lambda: evaluator_of(ServedNet(made(1).config, 1, TRAINER.published(), []), 3),
)


def _of(own: int) -> Net:
    """Call every position won for one colour, by the parity of its stones."""

    def evaluate(leaves: Leaves) -> Evaluation:
        said = know_nothing(leaves)
        has_red = (leaves.cells != 0).sum(1) % 2 == 0
        said.value[:] = [0.8 if red == (own == RED) else -0.8 for red in has_red]
        return said

    return Net("1", "sure", 5, (), lambda: evaluate)


def test_the_page_and_its_files_are_served_and_nothing_else() -> None:
    page = asked("GET", "/")
    assert (page.status, page.body) == (200, b"<!doctype html>")
    assert asked("GET", "/static/app.js").headers["content-type"].startswith("text/javascript")
    for path in ("/static/", "/static/../app.py", "/static//etc/passwd", "/static/x\0", "/api"):
        missing = asked("GET", path)
        assert (missing.status, missing.json) == (
            404,
            {"error": "there is nothing at this address"},
        )


def test_the_files_of_the_page_are_those_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "board.js").write_text("1")
    (tmp_path / "notes.txt").write_text("no part of it")
    found = page_files(tmp_path)
    assert {name: file.content for name, file in found.items()} == {"parts/board.js": b"1"}
    assert "index.html" in page_files()


def test_every_answer_forbids_what_the_page_does_not_need() -> None:
    for path in ("/", "/api/about", "/nowhere"):
        headers = asked("GET", path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_what_is_offered_is_told() -> None:
    told = asked("GET", "/api/about", nets=(RANDOM, NET)).json
    assert told["nets"][1] == {"id": "2", "name": "tiny", "board": 3, "boards": [3]}
    assert told["limits"] == {"simulations": 20000, "seconds": 60, "size": [2, 19]}
    assert told["swap"] is True
    assert told["defaults"] == {"simulations": 4}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/", "GET"), ("GET", "/api/move", "POST"), ("DELETE", "/status", "GET")],
)
def test_another_method_is_told_the_right_one(method: str, path: str, allowed: str) -> None:
    answer = asked(method, path)
    assert answer.status == 405
    assert allowed in answer.headers["allow"]
    assert allowed in answer.json["error"]


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(kind: str) -> None:
    answer = asked("POST", "/api/read", body=b"{}", headers={**JSON, "content-type": kind})
    assert answer.status == 415


def test_a_body_of_json_may_name_its_letters() -> None:
    headers = {**JSON, "content-type": "Application/JSON; charset=utf-8"}
    assert asked("POST", "/api/read", {"text": "#5 c3"}, headers=headers).status == 200


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1:8765", True),
        ("127.0.0.1", True),
        ("LOCALHOST:1", True),
        ("[::1]:8765", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example:8765", False),
        ("localhost.evil.example", False),
        ("192.168.1.5:8765", False),
        ("", False),
        ("127.0.0.1:8765:1", False),
        ("user@127.0.0.1", False),
    ],
)
def test_a_request_for_another_host_is_refused(host: str, is_here: bool) -> None:
    answer = asked("GET", "/api/about", headers={"host": host})
    assert answer.status == (200 if is_here else 421)
    assert is_here or "hexray play has printed" in answer.json["error"]


def test_a_request_without_a_host_is_refused() -> None:
    assert asked("GET", "/api/about", headers={}).status == 421


def test_others_may_ask_by_number_but_not_by_a_name_that_is_not_ours() -> None:
    assert is_own("192.168.1.5:8765", frozenset({"mine"}), True)
    assert is_own("mine:8765", frozenset({"mine"}), True)
    assert not is_own("evil.example", frozenset({"mine"}), True)


@pytest.mark.parametrize("size", [2, 5, 19])
def test_an_untrained_network_moves_on_any_board(size: int) -> None:
    said = {"net": "2", "size": size, "moves": [], "simulations": 64}
    answer = asked("POST", "/api/move", said, nets=(RANDOM, NET))
    assert answer.status == 200
    opinion = answer.json["opinion"]
    assert answer.json["move"] == opinion["moves"][0]["move"]
    assert opinion["size"] == size
    assert opinion["proven"] or opinion["simulations"] == 64
    assert sum(opinion["policy"]) == pytest.approx(1, abs=0.02)


def test_the_winning_move_is_played_in_the_frame_of_people() -> None:
    red = asked("POST", "/api/move", {"size": 3, "moves": ["b1", "a3", "b2", "a2"]})
    assert red.json["move"] == "b3"
    blue = asked("POST", "/api/move", {"size": 3, "moves": ["c1", "a2", "c2", "b2", "a1"]})
    assert blue.json["move"] == "c2" or blue.json["opinion"]["proven"] in (1, -1)


def test_the_same_request_has_the_same_answer_whatever_was_asked_before() -> None:
    said = {"size": 6, "moves": ["c3"], "simulations": 40}

    async def play(client: Client) -> list[dict]:
        first = await client.ask("POST", "/api/move", said)
        await client.ask("POST", "/api/analyse", {**said, "simulations": 300})
        return [first.json, (await client.ask("POST", "/api/move", said)).json]

    first, second = scene(play)
    assert first == second
    assert first["opinion"]["simulations"] == 40


@pytest.mark.parametrize(("own", "is_swapped"), [(RED, True), (-RED, False)])
def test_whoever_is_behind_swaps_if_he_may(own: int, is_swapped: bool) -> None:
    said = {"size": 9, "moves": ["c3"], "simulations": 8}
    for may_swap in (True, False):
        answer = asked("POST", "/api/move", {**said, "swap": may_swap}, nets=(_of(own),)).json
        assert (answer["move"] == "swap-pieces") == (is_swapped and may_swap)
    later = {**said, "moves": ["c3", "b2", "d4"], "swap": True}
    assert asked("POST", "/api/move", later, nets=(_of(own),)).json["move"] != "swap-pieces"


def test_whoever_is_lost_resigns_if_he_is_asked_to() -> None:
    said = {"size": 9, "moves": ["c3"], "simulations": 8, "resignBelow": 0.3}
    assert asked("POST", "/api/move", said, nets=(_of(RED),)).json["move"] == "resign"
    assert asked("POST", "/api/move", said, nets=(_of(-RED),)).json["move"] != "resign"


@pytest.mark.parametrize("path", ["/api/analyse", "/api/move"])
@pytest.mark.parametrize("moves", [["b1", "a1", "b2", "a2", "b3"], ["resign"]])
def test_a_game_that_is_over_is_not_searched(path: str, moves: list[str]) -> None:
    answer = asked("POST", path, {"size": 3, "moves": moves})
    assert answer.status == 400
    assert answer.json == {"error": "the game is over; take a move back", "field": "moves"}


@pytest.mark.parametrize("path", ["/api/analyse", "/api/move", "/api/judge"])
def test_an_unknown_network_is_refused_with_those_there_are(path: str) -> None:
    answer = asked("POST", path, {"net": "../2", "size": 3, "moves": []}, nets=(RANDOM, NET))
    assert answer.status == 400
    assert answer.json == {"error": "net is '../2'; use one of 1, 2", "field": "net"}


def test_an_analysis_tells_how_it_goes_on_and_how_it_ends() -> None:
    said = {"size": 7, "moves": ["d4"], "simulations": 100}
    answer = asked("POST", "/api/analyse", said)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in answer.headers
    names = [name for name, _ in answer.events]
    assert names[-1] == "end"
    assert set(names[:-1]) == {""}
    done = [opinion["simulations"] for _, opinion in answer.events]
    assert done == sorted(done)
    assert done[-1] == 100
    assert answer.events[-1][1]["toMove"] == "blue"


def test_a_failing_network_ends_its_own_search_alone() -> None:
    def fail(leaves: Leaves) -> Evaluation:
        said = know_nothing(leaves)
        said.value[:] = float("nan")
        return said

    nets = (Net("1", "broken", 5, (), lambda: fail), RANDOM._replace(id="2"))
    said = {"size": 5, "moves": []}

    async def play(client: Client) -> None:
        events = (await client.ask("POST", "/api/analyse", said)).events
        assert [name for name, _ in events] == ["error"]
        assert "not finite" in events[0][1]["error"]
        move = await client.ask("POST", "/api/move", said)
        assert move.status == 500
        assert "not finite" in move.json["error"]
        well = await client.ask("POST", "/api/move", {**said, "net": "2"})
        assert well.status == 200

    scene(play, nets)


def test_a_game_is_judged_from_its_beginning_to_its_end() -> None:
    moves = ["a1", "b2", "c1", "b1", "c2", "a2", "c3"]
    answer = asked("POST", "/api/judge", {"size": 3, "moves": moves, "simulations": 64})
    *verdicts, end = answer.events
    assert end == ("end", {})
    assert [verdict["ply"] for _, verdict in verdicts] == list(range(len(moves) + 1))
    # Red wins on the empty 3x3 board; a1 gives that away, and b2, its answer, keeps the win.
    told = [verdict["redWinrate"] for _, verdict in verdicts]
    assert told[:3] == [1, 0, 0]
    assert told[-1] == 1
    assert verdicts[0][1]["mark"] == "blunder"
    assert (verdicts[1][1]["loss"], verdicts[1][1]["mark"]) == (0, "")


def test_a_game_that_takes_too_long_to_judge_says_how_far_it_came() -> None:
    said = {"size": 7, "moves": ["d4", "c3", "e5"], "simulations": 20000, "seconds": 0.001}
    *_, (name, data) = asked("POST", "/api/judge", said).events
    assert name == "error"
    assert "0.001 seconds were enough for 1 of 3 moves" in data["error"]


def test_a_game_is_read_and_written_over_the_api() -> None:
    written = asked("POST", "/api/write", {"size": 5, "moves": ["c3"], "format": "trmph"})
    assert written.json == {"text": "#5,c3"}
    read = asked("POST", "/api/read", {"text": "#5,c3"})
    who = {"first": "", "second": ""}
    assert read.json == {"size": 5, "moves": ["c3"], "variations": [], "result": "", **who}


def test_a_site_of_playhex_is_answered_in_plain_text() -> None:
    game = {"size": 3, "movesHistory": "b1 a3 b2 a2", "currentPlayer": "black", "swapRule": True}
    ai = {"engine": "hexray", "treeSearch": True}
    answer = asked("POST", "/calculate-move", {"game": game, "ai": ai})
    assert (answer.status, answer.body) == (200, b"b3")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("engine", ["1", "sure", "hexray"])
def test_a_site_of_playhex_may_be_told_to_swap(engine: str) -> None:
    game = {"size": 5, "movesHistory": "c3", "currentPlayer": "white", "swapRule": True}
    said = {"game": game, "ai": {"engine": engine, "simulations": 8}}
    assert asked("POST", "/calculate-move", said, nets=(_of(RED),)).body == b"swap-pieces"
    said["game"] = {**game, "swapRule": False}
    assert asked("POST", "/calculate-move", said, nets=(_of(RED),)).body != b"swap-pieces"


@pytest.mark.parametrize(
    ("changed", "ai", "field"),
    [
        ({"currentPlayer": "white"}, {}, "game.currentPlayer"),
        ({"currentPlayer": "red"}, {}, "game.currentPlayer"),
        ({"movesHistory": "c3 pass"}, {}, "game.movesHistory"),
        ({"movesHistory": "resign"}, {}, "game.movesHistory"),
        ({"size": 32}, {}, "game.size"),
        ({}, {"engine": "mohex"}, "ai.engine"),
        ({}, {"simulations": 10**6}, "ai.simulations"),
    ],
)
def test_a_mistake_of_a_site_of_playhex_is_named(changed: dict, ai: dict, field: str) -> None:
    game = {"size": 5, "movesHistory": "", "currentPlayer": "black", "swapRule": True, **changed}
    answer = asked("POST", "/calculate-move", {"game": game, "ai": {"engine": "hexray", **ai}})
    assert answer.status == 400
    assert answer.json["field"] == field


def test_a_site_of_playhex_is_told_what_every_move_was_worth() -> None:
    said = {"size": 3, "movesHistory": "a1 swap-pieces b2 resign"}
    found = asked("POST", "/analyze-game", said).json
    assert [move and move["moveIndex"] for move in found] == [0, 1, 2, None]
    assert [move["color"] for move in found[:3]] == ["black", "white", "black"]
    # Black wins on the empty board; a1 loses, and is a loser's stone after the swap as well.
    assert [move["whiteWin"] for move in found[:3]] == [0, 1, 0]
    assert [move["move"]["whiteWin"] for move in found[:3]] == [1, 0, 0]
    assert found[0]["move"] == {
        "move": "a1",
        "value": pytest.approx(1 / 9, abs=1e-4),
        "whiteWin": 1,
    }
    assert found[0]["bestMoves"][0]["move"] == "b2"


def test_the_status_names_the_networks_and_the_work() -> None:
    told = asked("GET", "/status").json
    assert told["engines"] == [{"engine": "1", "name": "random", "size": 3}]
    assert (told["name"], told["waiting"], told["isBusy"]) == ("hexray", 0, False)
    assert json.loads(json.dumps(told)) == told
