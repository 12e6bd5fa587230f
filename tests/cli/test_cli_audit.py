"""``hexray data audit``: each planted fault is counted, once, and the good games are described."""

import gzip
import json
import pickle
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from random_games import random_block

from hexray.cli import main
from hexray.data.archive import Archive
from hexray.data.games import Ended, GameBlock
from hexray.data.store import write_games_file

# Red joins b1, b2, b3; then a1, c1 are Blue's.
GOOD = "#3,b1a1b2c1b3 b"
LINES = {
    "no game": "hello",
    "off board": "#3,b1d1",
    "repeated cell": "#3,b1a1b1",
    "after the end": "#3,b1a1b2c1b3c3",
    "wrong winner": "#3,b1a1b2c1b3 r",
    "too short": "#3, b",
    "duplicate": GOOD,
}


def audited(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main(["data", "audit", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def planted(block: GameBlock) -> dict[str, GameBlock]:
    """Seven games of which each has one fault."""
    first = int(block.length[0])
    moves = {name: block.moves.copy() for name in ("off board", "repeated cell")}
    moves["off board"][0] = block.size**2
    moves["repeated cell"][1] = block.moves[0]
    policy = {name: block.policy.copy() for name in ("not finite", "bad policy")}
    policy["not finite"][0, 0] = np.nan
    policy["bad policy"][0] *= 0.5
    value = block.root_value.copy()
    value[0] = 2
    winner = block.winner.copy()
    winner[0] *= -1
    short = block._replace(
        moves=block.moves[: first - 1],
        length=np.array([first - 1], np.int16),
        root_value=block.root_value[:-1],
        policy=block.policy[:-1],
        version=block.version[:-1],
    )
    return {
        "off board": block._replace(moves=moves["off board"]),
        "repeated cell": block._replace(moves=moves["repeated cell"]),
        "not finite": block._replace(policy=policy["not finite"]),
        "bad policy": block._replace(policy=policy["bad policy"]),
        "bad value": block._replace(root_value=value),
        "wrong winner": block._replace(winner=winner),
        "too short": short,
    }


def one_game() -> GameBlock:
    """A game on 4x4, all of it searched."""
    for seed in range(1000):
        block = random_block(4, 1, seed)
        if block.ended[0] == Ended.JOINED and not block.opening[0] and block.policy[0].any():
            return block
    raise AssertionError("no such game")


def test_every_fault_of_a_file_is_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "planted.trmph"
    path.write_text("\n".join([GOOD, *LINES.values(), "#3,a1a1b2 r"]))
    found = audited(capsys, str(path))
    assert found["faults"] == dict.fromkeys(sorted(LINES), 1)
    assert found["games"] == 3
    assert found["swapped"] == 1
    (board,) = found["boards"].values()
    assert board["lengths"] == {"2": 1, "5": 2}
    assert board["winners"] == {"red": 3, "blue": 0, "nobody": 0}
    assert board["openings"] == {"b1": 2, "a1": 1}


def test_a_colour_out_of_turn_is_told_in_sgf(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.sgf").write_text("(;GM[11]SZ[3];B[a1];B[b2])(;GM[11]SZ[3];B[a1];W[b2])")
    found = audited(capsys, str(tmp_path / "a.sgf"))
    assert (found["games"], found["faults"]) == (1, {"wrong parity": 1})


def test_every_fault_of_examples_is_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board, none = np.zeros((2, 3, 3), np.float32), None
    odd, both = board.copy(), board.copy()
    odd[1, 0, 0] = 1
    both[:, 0, 0] = 1
    records = [
        (board, none, 1.0),
        (odd, none, 1.0),
        (both, none, 1.0),
        (board, np.full(9, np.nan), 1.0),
        (board, none, float("nan")),
        (board, none, 7.0),
        "hello",
    ]
    path = tmp_path / "a.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(records)))
    found = audited(capsys, str(path))
    assert found["examples"] == 1
    assert found["faults"] == dict.fromkeys(
        ("bad policy", "bad value", "no game", "not finite", "repeated cell", "wrong parity"), 1
    )


def test_every_fault_of_stored_games_is_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    block = one_game()
    kinds = planted(block)
    folder = tmp_path / "games" / "4x4"
    folder.mkdir(parents=True)
    for number, (kind, bad) in enumerate(kinds.items()):
        named = bad._replace(game_id=(kind,))
        write_games_file(folder / f"games-{number:08d}.parquet", named)
    for number in (98, 99):
        again = block._replace(game_id=(f"good-{number}",))
        write_games_file(folder / f"games-{number:08d}.parquet", again)
    (folder / "games-00000097.parquet").write_bytes(b"no parquet")
    found = audited(capsys, str(tmp_path))
    expected = dict.fromkeys(kinds, 1) | {"duplicate": 1, "no game": 1}
    assert found["faults"] == dict(sorted(expected.items()))
    assert found["games"] == 2


def test_what_is_whole_has_no_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Archive(tmp_path / "s").games(5).append(random_block(5, 40, 1))
    found = audited(capsys, str(tmp_path / "s"))
    assert (found["faults"], found["games"]) == ({}, 40)


def test_files_past_a_rate_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, bad in (("a", 1), ("b", 2)):
        lines = [f"#5,{letter}{row}" for letter in "abcde" for row in (1, 2)][: 10 - bad]
        (tmp_path / f"{name}.trmph").write_text("\n".join(lines + ["x"] * bad))
    out = tmp_path / "bad.txt"
    found = audited(capsys, str(tmp_path), "--exclude", str(out), "--fault-rate", "0.15")
    assert found["excluded"] == [str(tmp_path / "b.trmph")]
    assert out.read_text() == f"{tmp_path / 'b.trmph'}\n"


def test_the_page_shows_boards_faults_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "<planted>.trmph"
    path.write_text("\n".join([GOOD, *LINES.values()]))
    audited(capsys, str(path), "--page", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text()
    assert "&lt;planted&gt;.trmph" in page
    assert "<planted>" not in page
    for kind in LINES:
        assert kind in page
    begin, end = page.index("<svg"), page.index("</svg>") + 6
    svg = ElementTree.fromstring(page[begin:end])
    titles = [title.text for title in svg.iter("{http://www.w3.org/2000/svg}title")]
    assert "b1 100.0% of the games, Red won 100%" in titles


@pytest.mark.parametrize(
    ("arguments", "message"), [([], "no files; name"), (["empty"], "no files of games")]
)
def test_nothing_to_audit_is_told(
    refused: Callable[..., str], arguments: list[str], message: str
) -> None:
    Path("empty").mkdir()
    assert message in refused("data", "audit", *arguments)
