"""``hexray data inspect``: what a training row says."""

from pathlib import Path

import numpy as np
import tyro

from hexray.data.inspection import Lot, Wanted, chosen, described, lots
from hexray.errors import SettingsError


def inspect(
    paths: tyro.conf.Positional[tuple[Path, ...]],
    /,
    index: tuple[int, ...] = (),
    game: str | None = None,
    value: tuple[float, float] | None = None,
    policy_cell: str | None = None,
    issues: bool = False,
    random: int = 0,
    seed: int = 0,
    count: int = 3,
) -> int:
    """Draw training rows as boards, with their target and the checks that they pass.

    The board is seen by the player to move, who joins top and bottom: R his stones, B the other's,
    a star the cell with most of the policy. Of what is looked for all must hold. The exit status
    is 1 when nothing was found.

    Args:
        paths: Files of rows, folders of them, stores or runs, whose games are expanded.
        index: Numbers of rows, from 0 in the order of the files.
        game: Id of a game.
        value: Lowest and highest value of the search.
        policy_cell: Cell with most of the policy, as the player to move sees it.
        issues: Only rows that fail a check.
        random: So many rows drawn by lot, in place of the first ones.
        seed: Seed of the lots.
        count: Rows to show at most, where none are drawn by lot.
    """
    if not paths:
        raise SettingsError("no files; name a file of rows, a folder of them, a store or a run")
    wanted = Wanted(index, game, value, policy_cell, issues)
    rng = np.random.default_rng(seed)
    shown: list[str] = []
    drawn: list[tuple[float, Lot, int]] = []
    found = rows = 0
    for lot in lots(paths):
        places = chosen(lot, wanted).tolist()
        rows += len(lot.placed.ply)
        found += len(places)
        if random:
            lots_drawn = zip(rng.random(len(places)).tolist(), places, strict=True)
            drawn += [(ticket, lot, place) for ticket, place in lots_drawn]
            drawn = sorted(drawn, key=lambda one: one[0])[:random]
        else:
            shown += [described(lot, place) for place in places[: max(0, count - len(shown))]]
    shown += [described(lot, place) for _, lot, place in drawn]
    print("\n\n".join([*shown, f"{found:,} of {rows:,} rows found, {len(shown)} shown"]))
    return 0 if found else 1
