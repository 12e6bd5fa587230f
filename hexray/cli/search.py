"""``hexray data search``: games that reach a position, and how they go on."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import rich.console
import tyro
from rich.table import Table

from hexray.data.archive import Archive
from hexray.data.position_index import Hit, find
from hexray.errors import SettingsError
from hexray.game.board import BLUE, RED
from hexray.game.notation import move_name, parse_moves


def search(
    store: tyro.conf.Positional[Path],
    /,
    moves: str | None = None,
    red: str = "",
    blue: str = "",
    board: int | None = None,
    turned: bool = False,
    count: int = 10,
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Find the games that reach a position in any order of moves, and show how they go on.

    An index is made beside the games at the first search. The exit status is 1 when there is none.

    Args:
        store: Folder of a store or of a run.
        moves: The moves to the position, Red first, such as "d4 c3 e5"; any order of each colour
            is found.
        red: In place of moves, the cells of Red's stones.
        blue: The cells of Blue's stones.
        board: Board side; needed when there are several.
        turned: Also find the half-turned position.
        count: Games to list at most.
        json_output: Print one last line of JSON.
    """
    archive = Archive(store, may_write=False)
    sizes = archive.chosen(board)
    if len(sizes) > 1:
        raise SettingsError(f"games on boards of {sizes}; choose one by --board")
    (size,) = sizes
    if moves is not None and (red or blue):
        raise SettingsError("--moves and stones together; give --moves, or --red and --blue")
    played = parse_moves(moves or "", size)
    stones = (parse_moves(text, size) for text in (red, blue))
    first, second = (played[::2], played[1::2]) if moves is not None else stones
    if not first:
        raise SettingsError("no stones; give --moves, or --red and --blue")
    hits = list(find(archive, size, first, second, turned=turned))
    _show(hits, size, count)
    if json_output:
        print(json.dumps([{**hit._asdict(), "next": _name(hit, size)} for hit in hits]))
    return 0 if hits else 1


def _show(hits: list[Hit], size: int, count: int) -> None:
    for hit in hits[:count]:
        winner = {RED: "Red", BLUE: "Blue"}.get(hit.winner, "nobody")
        told = f"after {hit.ply} moves, then {_name(hit, size) or 'the end'}; won by {winner}"
        print(f"{hit.name} ({hit.source}): {told}")
    if len(hits) > count:
        print(f"and {len(hits) - count:,} more")
    wins = sum(hit.winner == RED for hit in hits)
    print(f"{len(hits):,} games, {wins:,} won by Red")
    if not hits:
        return
    table = Table("next", "games", "won by Red")
    following = Counter(_name(hit, size) or "the end" for hit in hits)
    won = Counter(_name(hit, size) or "the end" for hit in hits if hit.winner == RED)
    for name, games in following.most_common(count):
        table.add_row(name, f"{games:,}", f"{won[name] / games:.0%}")
    rich.console.Console().print(table)


def _name(hit: Hit, size: int) -> str | None:
    return None if hit.next is None else move_name(hit.next, size)
