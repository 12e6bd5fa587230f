"""Games of other programs in a store: round trips, names, duplicates, quarantine, hostile files."""

import gzip
import random
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from drawn_records import known_to, records
from hypothesis import given, settings
from hypothesis import strategies as st
from imported_games import imported, quarantined, stored
from oracle import random_game
from random_games import assert_same, random_block

from hexray.data.archive import Archive
from hexray.data.checks import check_block
from hexray.data.game_files import Format, opened, write_games
from hexray.data.held_out import held_out
from hexray.data.importing import import_games, release
from hexray.data.seen import Match, Run
from hexray.errors import FileFormatError, StoreError
from hexray.game.board import BLUE, RED
from hexray.game.formats.record import GameRecord, Reading, Rejected
from hexray.game.formats.sgf import read_sgf_lines
from hexray.game.formats.trmph import trmph_line
from hexray.game.notation import move_name

FORMATS: tuple[Format, ...] = ("trmph", "sgf", "hexworld", "match")
FORMATS_DATA = Path(__file__).parent / "formats"


def written(path: Path, kind: Format, games: Iterable[GameRecord]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        write_games(games, kind, file)
    return path


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=25, deadline=None)
@given(games=st.lists(records(), min_size=1, max_size=5))
def test_games_go_through_file_store_and_file(
    kind: Format, games: list[GameRecord], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("store")
    path = written(folder / "games", kind, games)
    came = imported(folder / "store", path, kind)
    known = [known_to(kind, game) for game in games]
    # Of equal games the first is stored; those of a match are all stored.
    playable = {
        game[:5] if kind != "match" else number: game
        for number, game in reversed(list(enumerate(known)))
        if game.moves
    }
    assert (came.games, came.duplicates, came.rejected) == (
        len(playable),
        sum(bool(game.moves) for game in known) - len(playable),
        sum(not game.moves for game in known),
    )
    assert came.positions == sum(len(game.moves) + 1 for game in playable.values())
    assert sorted(stored(folder / "store")) == sorted(playable.values())
    for block in Archive(folder / "store").blocks():
        check_block(block)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_trmph_of_all_sizes_swapped_or_not_is_stored(tmp_path: Path, suffix: str) -> None:
    rng = random.Random(1)
    games = []
    for number in range(300):
        size = rng.randint(2, 19)
        moves = tuple(random_game(size, rng))
        games.append(GameRecord(size, moves[: rng.randint(1, len(moves))], swapped=number % 3 == 0))
    text = "\r\n".join(map(trmph_line, games)).encode()
    path = tmp_path / f"games.trmph{suffix}"
    path.write_bytes(gzip.compress(text) if suffix else text)
    came = imported(tmp_path / "store", path)
    assert came.lines == 300
    assert came.games + came.duplicates == 300
    assert {game[:2] for game in stored(tmp_path / "store")} == {game[:2] for game in games}


def test_importing_again_adds_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "a.trmph", "trmph", [GameRecord(3, (0,)), GameRecord(3, (1,))])
    path.write_text(path.read_text() + "#3,a1a1a1\n")
    first, again = (imported(tmp_path / "store", path) for _ in range(2))
    assert (first.games, first.duplicates, first.rejected) == (2, 0, 1)
    assert (again.games, again.duplicates, again.rejected) == (0, 2, 1)
    assert len(stored(tmp_path / "store")) == 2
    assert len(quarantined(tmp_path / "store")) == 1


def test_equal_games_are_kept_on_request_and_still_only_once_each(tmp_path: Path) -> None:
    path = written(tmp_path / "a.trmph", "trmph", [GameRecord(3, (0, 4))] * 3)
    kept = [imported(tmp_path / "keep", path, keep_equal=True) for _ in range(2)]
    assert [(came.games, came.duplicates) for came in kept] == [(3, 0), (0, 3)]
    dropped = imported(tmp_path / "drop", path)
    assert (dropped.games, dropped.duplicates) == (1, 2)


def test_a_game_says_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "old.trmph"
    path.write_text("# comment\n\n#3,a1\n#4,b2\n")
    imported(tmp_path / "store", path)
    assert [b.source for b in Archive(tmp_path / "store").blocks()] == [
        ("old.trmph:3",),
        ("old.trmph:4",),
    ]
    two = tmp_path / "two.sgf"
    two.write_text("(;GM[11]SZ[3];B[a1])\n\n(;GM[11]SZ[3]\n;B[a2])")
    imported(tmp_path / "sgf", two)
    assert [b.source for b in Archive(tmp_path / "sgf").blocks()] == [("two.sgf:1", "two.sgf:3")]


def test_what_is_no_game_is_quarantined_with_place_reason_and_text(tmp_path: Path) -> None:
    path = tmp_path / "mixed.trmph"
    path.write_text("#3,b1a1b2c1b3 b\n#3,b1a1b2c1b3 r\n#3,a1a2a2\nnonsense\n#3,\n#3,c3\n")
    came = imported(tmp_path / "store", path)
    assert (came.games, came.rejected) == (2, 4)
    with Archive(tmp_path / "store").index() as index:
        found = {one.rejected.message(one.source): one.rejected.text for one in index.held()}
    assert {message.removeprefix(f"{path}:"): text for message, text in found.items()} == {
        "2:15: the second colour is named as winner, but top and bottom are joined": (
            "#3,b1a1b2c1b3 r"
        ),
        "3:8: a2 is occupied": "#3,a1a2a2",
        "4:1: no trmph line; write #13,a4g7e9 b": "nonsense",
        "5:1: a game without moves": "#3,",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.trmph", "#3,b1a1b2c1b3 r"),
        ("a.hexworld", "#3,b1a1b2c1b3:rb"),
        ("a.sgf", "(;GM[11]SZ[3]RE[W+];B[b1];W[a1]\n;B[b2];W[c1]\n;B[b3])"),
    ],
)
def test_a_game_with_a_wrong_winner_can_be_released_with_the_right_one(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    imported(tmp_path / "store", tmp_path / name)
    archive = Archive(tmp_path / "store")
    with archive.index() as index:
        (held,) = index.held()
        (still,) = release(archive, index, [held], Reading())
        assert still.rejected.reason == held.rejected.reason
        assert release(archive, index, [held], Reading(winner="found")) == []
        assert not list(index.held())
    (game,) = stored(tmp_path / "store")
    assert (game.winner, game.ending, len(game.moves)) == (1, "joined", 5)


def test_a_swap_can_be_taken_for_the_other_kind(tmp_path: Path) -> None:
    # Of sides: c1 stays, Blue plays c2 next to it. Of pieces: c1 has become Blue's a3.
    game = "#3,c1c1c2b2"
    (tmp_path / "a.trmph").write_text(game)
    for swap, moves in (("as-written", "a3 b3 b2"), ("pieces", "a3 b3 b2"), ("sides", "c1 c2 b2")):
        imported(tmp_path / swap, tmp_path / "a.trmph", reading=Reading(swap))
        (found,) = stored(tmp_path / swap)
        assert found.swapped
        assert " ".join(move_name(move, 3) for move in found.moves) == moves


def test_games_of_a_run_come_with_all_that_is_known_of_them(tmp_path: Path) -> None:
    blocks = [random_block(4, 5, 1), random_block(4, 3, 2), random_block(3, 4, 3)]
    run = Archive(tmp_path / "run")
    for block in blocks:
        run.games(block.size).append(block)
    shares: list[float] = []
    for expected in (12, 0):
        archive = Archive(tmp_path / "store")
        with archive.index() as index:
            came = import_games(archive, index, run, shares.append)
        assert (came.games, came.duplicates) == (expected, 12 - expected)
    found = list(Archive(tmp_path / "store").blocks())
    for one, other in zip(found, [blocks[2], *blocks[:2]], strict=True):
        assert_same(one, other)
    assert shares == sorted(shares[:3]) * 2
    assert shares[-1] == 1


def test_a_folder_without_games_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no games"):
        Archive(tmp_path, may_write=False)


def test_games_of_a_match_are_counted_and_never_trained_on(tmp_path: Path) -> None:
    moves = (1, 0, 4, 2, 7)  # b1 a1 b2 c1 b3: Red has joined top and bottom
    games = [
        GameRecord(3, moves, RED, "joined", first="one", second="two"),
        GameRecord(3, moves, RED, "joined", first="two", second="one"),
        GameRecord(3, (4,), BLUE, "forfeited", first="one", second="two"),
        GameRecord(3, (4,), RED, "resigned", swapped=True, first="two", second="one"),
    ]
    path = written(tmp_path / "match.jsonl", "match", games)
    first, again = (imported(tmp_path / "store", path) for _ in range(2))
    assert (first.games, first.duplicates, again.games, again.duplicates) == (4, 0, 0, 4)
    block = next(Archive(tmp_path / "store").blocks())
    assert block.source == tuple(f"match:match.jsonl:{line}" for line in (1, 2, 3, 4))
    assert held_out(block, 0.0).all()
    # "one" wins the first game, and as Red after the swap the last one.
    with Archive(tmp_path / "store").index() as index:
        assert index.matches() == [(str(path), Match(3, "one", "two", 4, 2))]
        assert index.runs() == index.models() == []


def test_a_run_that_is_imported_tells_its_settings_and_versions(tmp_path: Path) -> None:
    block = random_block(4, 6, 3)
    block = block._replace(settings=("ab",) * 4 + ("cd",) * 2)
    Archive(tmp_path / "run").games(4).append(block)
    archive = Archive(tmp_path / "store")
    with archive.index() as index:
        for _ in range(2):
            import_games(archive, index, Archive(tmp_path / "run"), lambda share: None)
        source = str(tmp_path / "run")
        assert index.runs() == [(source, Run(4, "ab", 4)), (source, Run(4, "cd", 2))]
        plies = {model.version: model.plies for _, model in index.models()}
    versions, counts = np.unique(block.version, return_counts=True)
    assert plies == dict(zip(versions.tolist(), counts.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.sampled_from([b"", b"#3,a1", b"x" * 30, b"# c"]), max_size=12),
    is_ended=st.booleans(),
    chunk=st.integers(1, 40),
)
def test_lines_are_cut_nowhere_else(
    lines: list[bytes], is_ended: bool, chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a"
    path.write_bytes(b"\n".join(lines) + b"\n" * is_ended)
    with opened(path) as file:
        found = list(file.lines(chunk))
    assert b"".join(part.text for part in found) == path.read_bytes()
    assert all(part.text.endswith(b"\n") for part in found[:-1])
    starts = [
        1 + path.read_bytes()[: sum(len(p.text) for p in found[:k])].count(b"\n")
        for k in range(len(found))
    ]
    assert [part.first for part in found] == starts


def test_a_truncated_gzip_file_is_named_and_what_came_before_is_stored(tmp_path: Path) -> None:
    rng = random.Random(3)
    games = [GameRecord(9, tuple(rng.sample(range(81), 12))) for _ in range(20_000)]
    whole = gzip.compress("\n".join(map(trmph_line, games)).encode())
    path = tmp_path / "a.trmph.gz"
    path.write_bytes(whole[: len(whole) - 1000])
    with pytest.raises(FileFormatError, match=r"a\.trmph\.gz:1:1: damaged gzip"):
        imported(tmp_path / "store", path)
    assert len(stored(tmp_path / "store")) > 10_000


@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_sgf_is_read_alike_in_pieces_of_any_length(chunk: int) -> None:
    text = "".join(
        (FORMATS_DATA / name).read_text() for name in ("two_games.sgf", "hexgui_0_9.sgf")
    )
    text += "\n\n(;GM[11]SZ[3]\n;B[a1];W[a1])\n junk (;GM[11]SZ[3];B[b2]) (;B]"
    pieces = [text[at : at + chunk] for at in range(0, len(text), chunk)]
    whole = list(read_sgf_lines([text]))
    assert list(read_sgf_lines(pieces)) == whole
    assert [isinstance(found, Rejected) for _, found in whole] == [0, 0, 0, 1, 0, 1]
    assert [line for line, _ in whole][-2:] == [whole[-1][0]] * 2
