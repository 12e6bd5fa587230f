"""``hexray match``: who is stronger, and how sure that is."""

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import rich.console
import tyro
from rich.progress import track

from hexray.cli.contestants import Contestant, parse_contestant
from hexray.data.archive import Archive
from hexray.data.importing import Import, import_file
from hexray.errors import SettingsError
from hexray.game.board import MAX_SIZE, MIN_SIZE
from hexray.game.notation import move_name
from hexray.play.arena import MatchGame, play_match
from hexray.play.openings import Kind, draw_openings
from hexray.ratings.elo import Estimate, elo_difference
from hexray.ratings.intervals import first_player_score, score_of_games, score_of_pairs
from hexray.ratings.results import count_pairs

Named = tuple[str, Contestant]


@dataclasses.dataclass(frozen=True)
class Setting:
    """What matches of every kind are asked for."""

    board: int | None = None
    """Board side, 2 to 19; by default that of the networks."""
    openings: Kind = "first"
    """Every first move in turn and then two stones at random, all pairs of them, or the most
    balanced ones."""
    seed: int = 0
    """Seed of openings and of players that draw lots."""
    move_seconds: float = 60.0
    """Seconds an engine has for a move before it has lost the game."""
    record: Path | None = None
    """File for the games, one JSON line each; by default named after the players and the seed."""
    store: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Store to put the games into when the match ends or is broken off; never trained on."""
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False
    """Print one last line of JSON."""


Set = Annotated[Setting, tyro.conf.arg(name="")]
"""The setting as options of a command, without a name before theirs."""


def match(
    first: tyro.conf.Positional[str],
    second: tyro.conf.Positional[str],
    /,
    games: int = 100,
    *,
    setting: Set,
) -> int:
    """Play a match and say who is stronger, with intervals of 95 %.

    A player is NET (a run folder, RUN@best or checkpoint, :simulations=64 unless told otherwise),
    NET:simulations=N, NET:seconds=S, minimax:NET:widths=13x8, random, heuristic (the strongest
    without a network), resistance:depth=4,width=12, two-distance:depth=2,width=12, or htp:COMMAND,
    any engine that speaks the Hex text protocol. Every opening is played in both colours.

    Args:
        first: The player whose score is given.
        second: Its opponent.
        games: Games in all, an even number.
        setting: What every match is asked for.
    """
    if games < 2 or games % 2:
        raise SettingsError(f"--games {games}: use an even number; openings are played in pairs")
    seed = setting.seed
    contestants = [parse_contestant(text, setting.move_seconds) for text in (first, second)]
    size = board_side(setting.board, contestants)
    drawn = draw_openings(setting.openings, size, games // 2, seed)
    file = new_file(setting.record or Path(f"match-{plain(first)}-{plain(second)}-{seed}.jsonl"))
    pair = ((first, contestants[0]), (second, contestants[1]))
    with stored_after(file, setting.store):
        played = play_recorded(pair, size, drawn, seed, file)
    result = {"first": first, "second": second, "board": size, **summary(played)}
    _show({**result, "games_file": str(file)}, setting.json_output)
    return 0


def play_recorded(
    pair: tuple[Named, Named],
    size: int,
    openings: Sequence[Sequence[int]],
    seed: int,
    file: Path,
    number: int = 0,
) -> list[MatchGame]:
    """Play a match of two named contestants, adding every game to ``file`` as it ends.

    Openings are numbered from ``number`` on.
    """
    (first, _), (second, _) = pair
    with ExitStack() as opened:
        one, other = (
            opened.enter_context(contestant.open(size, 2 * seed + place, file.with_suffix(".log")))
            for place, (_, contestant) in enumerate(pair)
        )
        lines = opened.enter_context(file.open("a", encoding="utf-8"))
        played = []
        for game in _shown(play_match((one, other), size, openings), 2 * len(openings)):
            played.append(game)
            line = _line(game._replace(opening=number + game.opening), size, (first, second))
            print(json.dumps(line), file=lines, flush=True)
    return played


def summary(games: Sequence[MatchGame]) -> dict[str, Any]:
    """Return the first player's score over whole pairs, with intervals, and the colours' results.

    Infinite Elo is given as null.
    """
    wins = {red: sum(game.winner == 0 for game in games if game.red == red) for red in (0, 1)}
    count = {red: sum(game.red == red for game in games) for red in (0, 1)}
    pairs = count_pairs((game.opening, game.winner == 0) for game in games)
    won = wins[0] + wins[1]
    score = score_of_pairs(pairs)
    first_mover = first_player_score((wins[0], count[0] - wins[0]), (wins[1], count[1] - wins[1]))
    return {
        "games": len(games),
        "wins": won,
        "wins_as_red": wins[0],
        "wins_as_blue": wins[1],
        "faults": sum(game.ended == "fault" for game in games),
        "resigned": sum(game.ended == "resigned" for game in games),
        "score": score.value,
        "score_interval": [score.low, score.high],
        "wilson_interval": list(score_of_games(won, len(games) - won)[1:]),
        **_elo("elo", score),
        "pairs": list(pairs),
        "first_mover_score": first_mover.value,
        **_elo("first_mover_elo", first_mover),
    }


def _elo(name: str, score: Estimate) -> dict[str, Any]:
    value, low, high = (_finite(part) for part in elo_difference(score))
    return {name: value, f"{name}_interval": [low, high]}


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def board_side(board: int | None, contestants: Sequence[Contestant]) -> int:
    """Return ``board``, or the side that all networks were trained on.

    Raises SettingsError when there is no one such side, or it is off the range.
    """
    trained = {contestant.board for contestant in contestants} - {None}
    if board is None and len(trained) != 1:
        sides = " and ".join(str(side) for side in sorted(filter(None, trained))) or "none"
        raise SettingsError(f"the networks' board sides are {sides}; give --board")
    size = trained.pop() if board is None else board
    if size is None or not MIN_SIZE <= size <= MAX_SIZE:
        raise SettingsError(f"--board {size}: use {MIN_SIZE} to {MAX_SIZE}")
    return size


def new_file(file: Path) -> Path:
    """Return ``file``; raises SettingsError when it is there already."""
    if file.exists():
        raise SettingsError(f"{file} is there already; move it away or name another --record")
    return file


@contextmanager
def stored_after(file: Path, store: Path | None) -> Iterator[None]:
    """Bring the games that ``file`` then holds into a store, also when playing fails."""
    archive = None if store is None else Archive(store)
    try:
        yield
    finally:
        if archive and file.exists():
            with archive.index() as index:
                import_file(archive, index, file, Import("match"))


def plain(text: str) -> str:
    """Return what of a player's name may stand in the name of a file."""
    return "".join(letter if letter.isalnum() else "_" for letter in text).strip("_")[-60:]


def _line(game: MatchGame, size: int, names: tuple[str, str]) -> dict[str, Any]:
    return {
        "board": size,
        "red": names[game.red],
        "blue": names[1 - game.red],
        "opening": game.opening,
        "moves": " ".join(move_name(move, size) for move in game.moves),
        "winner": "red" if game.winner == game.red else "blue",
        "ended": game.ended,
        "note": game.note,
    }


def _shown(games: Iterator[MatchGame], count: int) -> Iterator[MatchGame]:
    out = rich.console.Console(stderr=True)
    return iter(track(games, "games", count, console=out, disable=not sys.stderr.isatty()))


def _show(result: dict[str, Any], as_json: bool) -> None:
    low, high = result["score_interval"]
    print("{first} against {second} on {board}x{board}: {wins} of {games} games".format(**result))
    print(f"  score         {result['score']:.3f}, {low:.3f} to {high:.3f}")
    print(f"  Elo           {_elo_text(result, 'elo')}")
    print("  as red, blue  {wins_as_red}, {wins_as_blue}".format(**result))
    advantage = _elo_text(result, "first_mover_elo")
    print(f"  first mover   {result['first_mover_score']:.3f}, Elo {advantage}")
    if result["faults"] or result["resigned"]:
        print("  ended early   {resigned} resigned, {faults} lost by a fault".format(**result))
    print("  games         {games_file}".format(**result))
    if as_json:
        print(json.dumps(result, allow_nan=False))


def _elo_text(result: dict[str, Any], name: str) -> str:
    value, (low, high) = result[name], result[f"{name}_interval"]
    if value is None:
        won = result["score" if name == "elo" else "first_mover_score"] > 0.5
        value = float("inf") if won else -float("inf")
    low, high = -float("inf") if low is None else low, float("inf") if high is None else high
    return f"{value:+.0f}, {low:+.0f} to {high:+.0f}"
