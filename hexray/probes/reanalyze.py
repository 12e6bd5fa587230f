"""``hexray probe reanalyze``: how much of the games was searched again, and what that changed."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hexray.data.games import GameBlock, take_games
from hexray.data.store import read_games_file
from hexray.probes.caption import caption
from hexray.probes.finding import GOOD, GRID, INK, Finding
from hexray.probes.reanalysis import Part, Revision

PROBE = "reanalyze"
_BINS = 40


class Changed(NamedTuple):
    """What new targets are against the old ones, position by position.

    value    float64[R]  the new root value less the old one
    share    float64[R]  of the policy that has gone elsewhere, 0 to 1; NaN where there was none
    is_other bool[R]     the best move is another
    newer    bool[R]     weights that made the old targets are of a higher version
    """

    value: NDArray[np.float64]
    share: NDArray[np.float64]
    is_other: NDArray[np.bool_]
    newer: NDArray[np.bool_]


def changes_of(revision: Revision) -> Changed:
    """Compare the games of a revision with those that they were made from."""
    done = [part for part in revision.parts if revision.is_done(part)]
    columns = zip(*(_changed(revision, part) for part in done), strict=True)
    return Changed(*(np.concatenate(column) for column in columns))


def find_reanalyzed(revision: Revision, changed: Changed) -> Finding:
    """State the coverage, and how much the targets have changed."""
    done = [part for part in revision.parts if revision.is_done(part)]
    asked = sum(part.positions for part in revision.parts)
    positions, games = sum(part.positions for part in done), sum(part.games for part in done)
    known = np.isfinite(changed.share)
    moved = float(changed.is_other[known].mean()) if known.any() else 0.0
    share = float(changed.share[known].mean()) if known.any() else 0.0
    shift = float(np.abs(changed.value).mean())
    newer = int(changed.newer.sum())
    sentence = (
        f"{positions:,} of {asked:,} positions asked for were searched again, in {games:,} games: "
        f"{positions / revision.all_positions:.1%} of the {revision.all_positions:,} in "
        f"{revision.all_games:,} games; the best move is another in {moved:.1%}, {share:.1%} "
        f"of the policy has gone elsewhere, values have moved by {shift:.3f} on average; see "
        f"{revision.folder}"
    )
    if newer:
        sentence += (
            f". {newer:,} of the old targets are of weights newer than version "
            f"{revision.asked.net['version']}: is this the better network?"
        )
    numbers = {
        "folder": str(revision.folder),
        "positions": positions,
        "positions_asked": asked,
        "positions_stored": revision.all_positions,
        "games": games,
        "games_stored": revision.all_games,
        "files": len(done),
        "other_best_move": moved,
        "policy_moved": share,
        "value_change": shift,
        "newer_before": newer,
    }
    is_whole = positions == asked
    verdict = f"{positions:,} of {asked:,} positions searched again"
    return Finding(PROBE, verdict, sentence, is_whole, numbers)


def draw_reanalyzed(figure: Figure, revision: Revision, changed: Changed, finding: Finding) -> None:
    """Draw coverage, and how far values and policies have moved."""
    top, left, right = figure.subplot_mosaic(
        [["coverage", "coverage"], ["value", "policy"]], height_ratios=[1, 4]
    ).values()
    numbers = finding.numbers
    stored, asked = numbers["positions_stored"], numbers["positions_asked"]
    top.barh([0], [stored], color=GRID)
    top.barh([0], [asked], color="none", edgecolor=INK)
    top.barh([0], [numbers["positions"]], color=GOOD)
    title = "searched again (filled), asked for (framed), of all positions stored"
    top.set_title(title, fontsize=9, color=INK)
    top.set_yticks([])
    left.hist(changed.value, _BINS, color=GOOD, log=True)
    left.set_title("new value less the old one", fontsize=9, color=INK)
    known = changed.share[np.isfinite(changed.share)]
    right.hist(known, _BINS, color=GOOD, log=True)
    right.set_title("share of the policy that has gone elsewhere", fontsize=9, color=INK)
    for axes in (left, right):
        axes.grid(color=GRID)
        axes.set_axisbelow(True)
        axes.set_ylabel("positions", fontsize=8)
    caption(figure, finding.sentence)


def _changed(revision: Revision, part: Part) -> Changed:
    size = revision.asked.board
    new = read_games_file(revision.path(part), size)
    old = _those(read_games_file(revision.source(part), size), new)
    one, other = old.policy.astype(np.float64), new.policy.astype(np.float64)
    had = (one > 0).any(1)
    return Changed(
        value=new.root_value.astype(np.float64) - old.root_value,
        share=np.where(had, np.abs(other - one).sum(1) / 2, np.nan),
        is_other=one.argmax(1) != other.argmax(1),
        newer=old.version > new.version,
    )


def _those(block: GameBlock, among: GameBlock) -> GameBlock:
    names = set(among.game_id)
    return take_games(block, np.array([name in names for name in block.game_id], np.bool_))
