"""Every command of the engine: a whole session by hand, refusals, hostile input."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import First, read_transcript

from hexray import __version__
from hexray.evaluation import know_nothing
from hexray.htp.engine import Engine, serve
from hexray.htp.session import Options, Session
from hexray.play.think import Thinker

TRANSCRIPT = Path(__file__).with_name("session.txt")
COMMANDS = re.findall(
    r"\S+",
    """
    protocol_version name version known_command list_commands quit boardsize clear_board play undo
    genmove reg_genmove showboard all_legal_moves final_score time_left time_settings loadsgf
    play-game param_game hexgui-analyze_commands hexray-analyze
    """,
)


def _engine(choose: First, written: list[str], **options: object) -> Engine:
    clock = iter(float(second) for second in range(10_000))
    given = Options(**options)  # pyright: ignore[reportArgumentType]
    return Engine(Session(choose, 3, given, written.append, lambda: next(clock)))


def _session(lines: Sequence[str], choose: First | None = None, **options: object) -> list[str]:
    written: list[str] = []
    engine = _engine(choose or First(), written, **options)
    serve(engine, io.BytesIO("".join(f"{line}\n" for line in lines).encode()), written.append)
    return written


def test_a_whole_session_goes_as_written_by_hand() -> None:
    requests, expected = read_transcript(TRANSCRIPT)
    assert "".join(_session(requests, allow_swap=False)) == expected


def test_every_command_is_listed_and_known() -> None:
    (listed,) = _session(["list_commands"])
    assert sorted(listed.removeprefix("= ").split()) == sorted(COMMANDS)
    assert _session(["known_command genmove", "known_command dance"]) == [
        "= true\n\n",
        "= false\n\n",
    ]
    assert _session(["version"]) == [f"= {__version__}\n\n"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["dance"], "unknown command 'dance'"),
        (["GENMOVE b"], "unknown command 'GENMOVE'"),
        (["name x"], "use: name"),
        (["play b"], "use: play COLOUR POINT"),
        (["play b a1 a2"], "use: play COLOUR POINT"),
        (["play red a1"], "'red' is no colour"),
        (["play b d1"], "'d1' is off the 3x3 board"),
        (["play b a1", "play w A1"], "a1 is occupied"),
        (["play b swap-pieces"], "legal only as the second move"),
        (["play b resign", "genmove w"], "the game is over"),
        (["undo"], "no move to undo"),
        (["boardsize 1"], "unacceptable size 1; use 2 to 19"),
        (["boardsize 20"], "unacceptable size 20"),
        (["boardsize 4 5"], "unacceptable size 4 x 5"),
        (["boardsize -3"], "board size is '-3'"),
        (["boardsize 1e1"], "board size is '1e1'"),
        (["play-game a1 b1 c1 a2", "genmove"], "use: genmove COLOUR"),
        (["play-game a1 b1 a1"], "a1 is occupied"),
        (["play-game a1 b1 a2 b2 a3", "genmove b"], "the game is over"),
        (["play-game a1 b1 a2 b2 a3", "reg_genmove w"], "the game is over"),
        (["play-game a1 b1 a2 b2 a3", "hexray-analyze w"], "the game is over"),
        (["all_legal_moves green"], "'green' is no colour"),
        (["time_settings 1 2"], "use: time_settings MAIN PERIOD STONES"),
        (["time_settings nan 0 0"], "time is 'nan'"),
        (["time_settings 1 0 1.5"], "stones is '1.5'"),
        (["time_left"], "no time is set"),
        (["time_left b inf"], "seconds is 'inf'"),
        (["time_left x 3"], "'x' is no colour"),
        (["loadsgf nowhere.sgf"], "nowhere.sgf: no such file"),
        (["param_game allow_swap 2"], "allow_swap is '2'; use 0 or 1"),
        (["param_game allow_swap"], "allow_swap is ''; use 0 or 1"),
        (["param_game resign_below 2"], "use 0 to 1"),
        (["param_game komi 2"], "unknown parameter 'komi'"),
        (["hexray-analyze b 3"], "give no seconds"),
        (["12"], "unknown command ''"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(lines: list[str], message: str) -> None:
    answer = _session(lines)[-1]
    assert answer.startswith("?")
    assert message in answer


@pytest.mark.parametrize(
    "refused",
    ["boardsize 1", "play-game a1 a1", "loadsgf nowhere.sgf", "play w b2", "play w swap-pieces"],
)
def test_a_refused_command_changes_nothing(refused: str) -> None:
    lines = ["play b b2", "play b c2", refused, "showboard"]
    assert _session(lines)[-1] == "= \n   a b c\n 1 . . .\n  2 . B B\n   3 . . .\n\n"


def test_stones_are_replayed_in_any_order_of_colours() -> None:
    # Black a3, b2, c1 join top and bottom; then white comes.
    lines = [f"play b {cell}" for cell in ("a3", "b2", "c1")] + ["play w a1", "play w c3"]
    answers = _session([*lines, "final_score", "showboard"])
    assert answers[:5] == ["= \n\n"] * 5
    assert answers[5] == "= B+\n\n"
    assert answers[6] == "= \n   a b c\n 1 W . B\n  2 . B .\n   3 B . W\n\n"


@pytest.mark.parametrize(("value", "answer"), [(-0.01, "swap-pieces"), (0.0, "a1")])
def test_the_second_player_swaps_when_behind(value: float, answer: str) -> None:
    lines = ["play b b1", "genmove w", "showboard"]
    answers = _session(lines, First(value), allow_swap=True)
    assert answers[1] == f"= {answer}\n\n"
    if answer == "swap-pieces":
        assert answers[2] == "= \n   a b c\n 1 . . .\n  2 W . .\n   3 . . .\n\n"


@pytest.mark.parametrize(
    "lines",
    [
        ["play b b1", "genmove w"],
        ["param_game allow_swap 1", "genmove w"],
        ["param_game allow_swap 1", "play b b1", "genmove b"],
        ["param_game allow_swap 1", "play b b1", "play w c1", "genmove w"],
    ],
)
def test_without_the_option_or_the_right_it_does_not_swap(lines: list[str]) -> None:
    assert _session(lines, First(-1.0))[-1] == "= a1\n\n"


def test_swap_is_among_the_legal_moves_when_it_is_on() -> None:
    lines = ["play b b1", "all_legal_moves", "all_legal_moves b"]
    cells = "a1 c1 a2 b2 c2 a3 b3 c3"
    assert _session(lines)[1] == f"= {cells}\n\n"
    answers = _session(lines, allow_swap=True)
    assert answers[1:] == [f"= {cells} swap-pieces\n\n", f"= {cells}\n\n"]


def test_it_resigns_only_when_asked_to() -> None:
    hopeless = ["genmove b", "final_score"]
    assert _session(hopeless, First(-1.0)) == ["= a1\n\n", "= cannot score\n\n"]
    answers = _session(["param_game resign_below 0.1", *hopeless, "undo"], First(-0.9))
    assert answers[1:] == ["= resign\n\n", "= W+\n\n", "= \n\n"]
    assert _session(hopeless, First(-0.75), resign_below=0.1)[0] == "= a1\n\n"


def test_after_a_resignation_play_goes_on_and_undo_takes_a_stone_back() -> None:
    lines = ["play b a1", "play w b1", "play w resign", "final_score", "play b a2", "final_score"]
    assert _session(lines)[3:] == ["= B+\n\n", "= \n\n", "= cannot score\n\n"]
    answers = _session([*lines[:3], "undo", "showboard", "play w resign", "play w a1", "undo"])
    assert answers[4] == "= \n   a b c\n 1 B . .\n  2 . . .\n   3 . . .\n\n"
    assert answers[6].startswith("? a1 is occupied")
    assert answers[7] == "= \n\n"
    assert "no move to undo" in _session([*lines[:3], "undo", "undo", "undo"])[-1]


def test_it_does_not_answer_a_swap_with_a_swap() -> None:
    # HexGui shows a swap as a board with one white stone.
    lines = ["play w a2", "all_legal_moves b", "genmove b"]
    answers = _session(lines, First(-1.0), allow_swap=True)
    assert answers[1:] == ["= a1 b1 c1 b2 c2 a3 b3 c3\n\n", "= a1\n\n"]


def test_reg_genmove_does_not_play() -> None:
    assert _session(["reg_genmove b", "reg_genmove w"]) == ["= a1\n\n"] * 2


def test_the_clock_shortens_moves_and_counts_them() -> None:
    choose = First()
    lines = ["genmove b", "time_settings 40 0 0", "genmove w", "time_left w", "time_left b 2.1"]
    answers = _session([*lines, "genmove b", "time_left"], choose, seconds=30.0)
    # Each look at the clock is a second; nine cells are four moves, (40 - 0.1) / 4 seconds each.
    assert choose.asked[0] == (1, 30.0)
    assert choose.asked[1] == (-1, pytest.approx(9.975))
    assert choose.asked[2] == (1, pytest.approx(0.5))
    assert answers[3] == "= white: 39.0\n\n"
    assert answers[6] == "= black: 1.1, white: 39.0\n\n"


def test_a_new_game_has_new_clocks_and_no_limit_takes_them_away() -> None:
    lines = ["time_settings 40 0 0", "genmove b", "clear_board", "time_left b"]
    assert _session(lines, seconds=1.0)[-1] == "= black: 40.0\n\n"
    assert "no time is set" in _session([*lines, "time_settings 0 1 0", "time_left"])[-1]


def test_simulations_are_not_bounded_by_the_clock() -> None:
    choose = First()
    _session(["time_settings 1 0 0", "genmove b"], choose)
    assert choose.asked == [(1, None)]


def test_parameters_are_shown_and_changed() -> None:
    lines = ["param_game live_gfx 1", "param_game allow_swap 1", "param_game resign_below 0.05"]
    shown = _session([*lines, "param_game game_time 90", "param_game", "time_left b"])
    assert shown[-2] == (
        "= \n[bool] allow_swap 1\n[bool] live_gfx 1\n[string] resign_below 0.05\n"
        "[string] game_time 90\n\n"
    )
    assert shown[-1] == "= black: 90.0\n\n"
    assert "no time is set" in _session(["param_game game_time 0", "time_left"])[-1]


def test_analysis_shows_a_block_for_hexgui_and_answers_labels() -> None:
    block, answer = _session(["hexray-analyze w"])
    assert block == (
        "gogui-gfx:\nkata\n"
        "info move a1 visits 3 winrate 0.6250 scoreLead 0.0 order 0 "
        "info move b1 visits 5 winrate 0.2500 scoreLead 0.0 order 1\n\n"
    )
    assert answer == "= a1 62@3\nb1 25@5\n\n"


def test_a_move_shows_blocks_only_when_asked_to() -> None:
    assert len(_session(["genmove b"])) == 1
    assert len(_session(["genmove b"], live_gfx=True)) == 2


def test_a_game_is_loaded_up_to_a_move(tmp_path: Path) -> None:
    path = tmp_path / "game.sgf"
    path.write_text("(;FF[4]GM[11]SZ[3]AW[c1];B[a1];W[b1];B[a2])")
    answers = _session([f"loadsgf {path} 2", "showboard", f"loadsgf {path}", "showboard"])
    assert answers[1] == "= \n   a b c\n 1 B W W\n  2 . . .\n   3 . . .\n\n"
    assert answers[3] == "= \n   a b c\n 1 B W W\n  2 B . .\n   3 . . .\n\n"


def test_hexgui_is_offered_only_commands_that_exist() -> None:
    (answer,) = _session(["hexgui-analyze_commands"])
    lines = answer.removeprefix("= \n").split("\n")[:-2]
    assert len(lines) == 6
    for line in lines:
        kind, _, command = line.split("/")
        assert kind in ("param", "plist", "string", "pspairs")  # of others it shows nothing
        assert command.split()[0] in COMMANDS


def test_it_reads_to_the_end_or_to_quit() -> None:
    assert _session(["3 quit", "name"]) == ["=3 \n\n"]
    assert _session([]) == []


WORDS = st.sampled_from(
    [
        *(command for command in COMMANDS if command != "quit"),
        *re.findall(r"\S", "bw37#"),
        *re.findall(r"\S+", "black a1 b2 c3 d9 0 -1 1e9 nan resign swap-pieces allow_swap"),
    ]
)
# After quit nothing is answered, and hypothesis tries words that stand in the sources.
PRINTABLE = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f"), max_size=20).filter(
    lambda text: "quit" not in text
)


@given(st.lists(st.one_of(st.lists(WORDS, max_size=4).map(" ".join), PRINTABLE)))
@settings(max_examples=300, deadline=None)
def test_whatever_is_asked_each_request_has_one_answer(lines: list[str]) -> None:
    written = _session([line.encode(errors="replace").decode() for line in lines])
    answers = [text for text in written if not text.startswith("gogui-gfx:")]
    assert len(answers) == sum(bool(line.partition("#")[0].split()) for line in lines)
    for answer in answers:
        assert answer[0] in "=?"
        assert answer.endswith("\n\n")
        assert "\n\n" not in answer[:-2]


def test_a_whole_game_against_itself_is_played_to_a_win() -> None:
    written: list[str] = []
    session = Session(Thinker(know_nothing, 16).choose, 4, Options(), written.append)
    engine = Engine(session)
    for turn in range(17):
        serve(engine, io.BytesIO(b"genmove %c\n" % b"bw"[turn % 2]), written.append)
        serve(engine, io.BytesIO(b"final_score\n"), written.append)
        if written[-1] != "= cannot score\n\n":
            break
    assert written[-1] in ("= B+\n\n", "= W+\n\n")
