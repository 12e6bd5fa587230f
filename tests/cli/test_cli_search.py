"""``hexray data search``: exactly the games that reach a position, by looking at all of them."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from random_games import random_block

from hexray.cli import main
from hexray.data.archive import Archive
from hexray.data.games import GameBlock
from hexray.game.notation import move_name


@pytest.fixture
def block(tmp_path: Path) -> GameBlock:
    """Many games on 3x3, stored in three files."""
    archive = Archive(tmp_path)
    parts = [random_block(3, 200, seed) for seed in (1, 2, 3)]
    for part in parts:
        archive.games(3).append(part)
    return parts


def games_of(block: GameBlock) -> list[list[int]]:
    return [part.tolist() for part in np.split(block.moves, np.cumsum(block.length)[:-1])]


def expected(blocks: list[GameBlock], red: set[int], blue: set[int], turned: bool) -> set:
    found = set()
    for block in blocks:
        for name, moves in zip(block.game_id, games_of(block), strict=True):
            ply = len(red) + len(blue)
            stones = set(moves[:ply:2]), set(moves[1:ply:2])
            wanted = [(red, blue)]
            if turned:
                wanted.append(({8 - c for c in red}, {8 - c for c in blue}))
            if len(moves) >= ply and stones in wanted:
                then = moves[ply] if len(moves) > ply else None
                if then is not None and stones != (red, blue):
                    then = 8 - then
                found.add((name, ply, None if then is None else move_name(then, 3)))
    return found


@pytest.mark.parametrize("turned", [False, True])
def test_all_games_of_a_position_are_found_and_no_others(
    tmp_path: Path, block: list[GameBlock], capsys: pytest.CaptureFixture[str], turned: bool
) -> None:
    rng, hits = random.Random(1), 0
    for _ in range(60):
        cells = rng.sample(range(9), rng.randint(1, 4))
        red, blue = set(cells[::2]), set(cells[1::2])
        names = ["--red", " ".join(move_name(c, 3) for c in red)]
        names += ["--blue", " ".join(move_name(c, 3) for c in blue)]
        status = main(["data", "search", str(tmp_path), *names, "--json", *["--turned"] * turned])
        found = json.loads(capsys.readouterr().out.splitlines()[-1])
        truth = expected(block, red, blue, turned)
        assert {(one["name"], one["ply"], one["next"]) for one in found} == truth
        assert len(found) == len(truth)
        assert status == (0 if truth else 1)
        hits += len(truth)
    assert hits > 300


def test_moves_in_any_order_are_one_position(
    tmp_path: Path, block: list[GameBlock], capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for moves in ("a1 b2 c3 a2", "c3 a2 a1 b2"):
        main(["data", "search", str(tmp_path), "--moves", moves, "--json"])
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]


def test_the_index_is_made_once_and_for_new_games_only(
    tmp_path: Path, block: list[GameBlock], capsys: pytest.CaptureFixture[str]
) -> None:
    search = ["data", "search", str(tmp_path), "--moves", "b2"]
    main(search)
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*.npy")}
    assert len(made) == 3
    Archive(tmp_path).games(3).append(random_block(3, 50, 9))
    main(search)
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*.npy")}
    assert made.items() < again.items()
    assert len(again) == 4
    count = len(expected([*block, random_block(3, 50, 9)], {4}, set(), turned=False))
    assert f"{count} games" in capsys.readouterr().out.replace(",", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no stones"),
        (["--moves", "a1", "--red", "b2"], "--moves and stones together"),
        (["--blue", "a1"], "no stones"),
        (["--red", "a1", "--blue", "b1 c1"], "1 red and 2 blue stones"),
        (["--red", "a1 b1", "--blue", "a1"], "each on a cell of its own"),
        (["--moves", "d4"], "'d4' is off the 3x3 board"),
        (["--moves", "a1", "--board", "4"], "no games of 4x4; there are games of 3x3"),
    ],
)
def test_what_cannot_be_searched_is_told(
    tmp_path: Path,
    block: list[GameBlock],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert main(["data", "search", str(tmp_path), *arguments]) == 2
    assert message in capsys.readouterr().err
