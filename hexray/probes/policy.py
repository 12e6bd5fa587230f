"""``hexray probe policy``: how much of what a search finds does the policy know by itself?"""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.data.rows import Rows, over_empty
from hexray.evaluation import Evaluate, drive
from hexray.game.board import EMPTY, Boards
from hexray.game.notation import move_name
from hexray.game.symmetry import half_turn
from hexray.play.solved import Solved, measure
from hexray.probes.caption import caption
from hexray.probes.finding import BAD, GOOD, GRID, INK, OTHER, Finding
from hexray.probes.unseen import Unseen, said_of, searched_boards
from hexray.ratings.calibration import STAGES, stage_of
from hexray.ratings.elo import Estimate
from hexray.ratings.intervals import score_of_games
from hexray.ratings.resampled import mean_over_games
from hexray.search import SearchResult, search

PROBE = "policy"
LEAST_GAMES, LEAST_POSITIONS = 20, 200
TOPS = (1, 3, 5)
UNIFORM = 0.97
"""Entropy, as a share of log(legal moves), from which on a policy prefers nothing."""
COLLAPSED = 0.8
"""Share of the positions in which one cell is first where it is empty, from which on it always is;
the search's must be less by ``_APART``."""
_APART = 0.3
_SEARCHED_AT_ONCE = 128


class Known(NamedTuple):
    """What a policy says of R positions for which a search left a target.

    rank     int64[R]    of the target's best move in the policy, 0 the first
    entropy  float64[R]  of the policy in nats; ``even`` that of all legal moves alike
    first    int64[R]    its first choice, ``wanted`` the target's
    """

    rows: Rows
    game: NDArray[np.int64]
    ply: NDArray[np.int64]
    rank: NDArray[np.int64]
    entropy: NDArray[np.float64]
    even: NDArray[np.float64]
    target_entropy: NDArray[np.float64]
    first: NDArray[np.int64]
    wanted: NDArray[np.int64]


class _Favourite(NamedTuple):
    """The cell (mover frame, or the one opposite) that is first the most where both are empty."""

    cell: int
    share: float
    wanted: float


class Agreement(NamedTuple):
    """The raw policy against a search of the same network: first moves, and nats between them."""

    positions: int
    simulations: int
    same: Estimate
    nats: float


def know(unseen: Unseen, evaluate: Evaluate) -> Known:
    """Ask the network about the positions that have a policy target and a choice."""
    rows = unseen.rows
    kept = ((rows.policy > 0).any(1) & ((rows.cells == EMPTY).sum(1) > 1)).nonzero()[0]
    rows = Rows._make(column[kept] for column in rows)
    if not len(kept):
        none, no_cell = np.empty(0), np.empty(0, np.int64)
        game, ply = unseen.game[kept], unseen.ply[kept]
        return Known(rows, game, ply, no_cell, none, none, none, no_cell, no_cell)
    policy = _policy_of(rows.cells, said_of(rows.cells, unseen.block.size, evaluate).logits)
    target, legal = rows.policy.astype(np.float64), rows.cells == EMPTY
    wanted = target.argmax(1)
    best = np.take_along_axis(policy, wanted[:, None], 1)
    # Of cells that are alike, half of the others are taken to come before.
    rank = (policy > best).sum(1) + (((policy == best) & legal).sum(1) - 1) // 2
    return Known(
        rows=rows,
        game=unseen.game[kept],
        ply=unseen.ply[kept],
        rank=rank,
        entropy=_entropy(policy),
        even=np.log(legal.sum(1)),
        target_entropy=_entropy(target),
        first=policy.argmax(1),
        wanted=wanted,
    )


def _policy_of(cells: NDArray[np.int8], logits: NDArray) -> NDArray[np.float64]:
    """Return the shares [B, A] of the empty cells, each row to sum to one."""
    logits = np.where(cells == EMPTY, logits, -np.inf)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def _favourite(known: Known) -> _Favourite:
    """Find the cell that the policy likes most whatever the position."""
    area = known.rows.cells.shape[1]
    cells = np.arange(area)
    opposite = half_turn(cells[None])[0]
    best = _Favourite(0, 0.0, 0.0)
    for cell in cells[cells <= opposite].tolist():
        both = [cell, int(opposite[cell])]
        there = (known.rows.cells[:, both] == EMPTY).all(1)
        if there.sum() < LEAST_POSITIONS // 4:
            continue
        share = float(np.isin(known.first[there], both).mean())
        wanted = float(np.isin(known.wanted[there], both).mean())
        best = max(best, _Favourite(cell, share, wanted), key=lambda found: found.share)
    return best


def agree(
    unseen: Unseen,
    evaluate: Evaluate,
    settings: SearchSettings,
    count: int,
    rng: np.random.Generator,
) -> Agreement:
    """Search some of the positions without noise and compare with the raw policy."""
    boards = searched_boards(unseen.block)
    open_ones = np.flatnonzero((unseen.rows.cells == EMPTY).sum(1) > 1)
    places = rng.permutation(open_ones)[:count]
    same, nats = [], []
    for begin in range(0, len(places), _SEARCHED_AT_ONCE):
        at = np.sort(places[begin : begin + _SEARCHED_AT_ONCE])
        found = _search(boards.take(at), evaluate, settings)
        cells = unseen.rows.cells[at]
        raw = _policy_of(cells, said_of(cells, unseen.block.size, evaluate).logits)
        target = over_empty(found.policy.astype(np.float16), cells).astype(np.float64)
        same.append(raw.argmax(1) == target.argmax(1))
        ratio = np.log(np.maximum(target, 1e-12) / np.maximum(raw, 1e-12))
        nats.append((target * ratio).sum(1))
    equal = int(np.concatenate(same).sum())
    share = score_of_games(equal, len(places) - equal)
    return Agreement(len(places), settings.simulations, share, float(np.concatenate(nats).mean()))


def is_enough(known: Known) -> bool:
    """Say whether positions and games are many enough to judge by."""
    return len(np.unique(known.game)) >= LEAST_GAMES and len(known.rank) >= LEAST_POSITIONS


def too_few(known: Known) -> Finding:
    """Say that nothing can be told."""
    games = len(np.unique(known.game))
    sentence = (
        f"{len(known.rank)} positions with a target in {games} games, and {LEAST_POSITIONS} in "
        f"{LEAST_GAMES} are needed; name more with --games or --positions"
    )
    return Finding(PROBE, "too few positions to judge", sentence, False, {"games": games})


def find_policy(
    known: Known,
    agreement: Agreement,
    solved: Solved | None,
    evaluate: Evaluate,
    rng: np.random.Generator,
) -> Finding:
    """Say what the policy knows."""
    top = {k: mean_over_games(known.rank < k, known.game, rng) for k in TOPS}
    chance = float(np.exp(-known.even).mean())
    flat, liked = float((known.entropy / known.even).mean()), _favourite(known)
    of_truth = None if solved is None else drive(measure(solved, 0), evaluate)
    numbers = {
        "positions": len(known.rank),
        "games": len(np.unique(known.game)),
        "top": {str(k): share._asdict() for k, share in top.items()},
        "chance": chance,
        "entropy_share": flat,
        "favourite": liked._asdict(),
        "stages": _by_stage(known),
        "entropy_by_ply": _by_ply(known),
        "search": {**agreement._asdict(), "same": agreement.same._asdict()},
        "solved": None if of_truth is None else of_truth._asdict(),
    }
    verdict, why = _verdict(top[1], chance, flat, liked, known)
    named = ", ".join(f"top {k} {share.value:.1%}" for k, share in top.items())
    sentence = (
        f"{why}; the search's best move is in the policy's {named} of {len(known.rank):,} "
        f"positions (chance {chance:.1%}), the entropy {known.entropy.mean():.2f} nats where the "
        f"search's is {known.target_entropy.mean():.2f}; {agreement.simulations} simulations keep "
        f"its first move in {agreement.same.value:.1%} of {agreement.positions}"
    )
    if of_truth is not None:
        sentence += f"; {of_truth.move_accuracy:.1%} of its moves keep a solved win"
    return Finding(PROBE, verdict, sentence, verdict == "follows the search", numbers)


def _by_stage(known: Known) -> dict[str, dict[str, float]]:
    """Return agreement and entropy of each stage of the game that there are positions of."""
    stage = stage_of(known.rows.cells)
    found = {}
    for number, name in enumerate(STAGES):
        rows = stage == number
        if rows.any():
            tops = {f"top_{k}": float((known.rank[rows] < k).mean()) for k in TOPS}
            entropy = float(known.entropy[rows].mean())
            found[name] = {"positions": int(rows.sum()), **tops, "entropy": entropy}
    return found


def _by_ply(known: Known) -> dict[str, list[float]]:
    """Return mean entropies by ply: of the policy, the search, and of legal moves all alike."""
    plies, place = np.unique(known.ply, return_inverse=True)
    count = np.bincount(place)
    columns = {
        "policy": known.entropy,
        "search": known.target_entropy,
        "even": known.even,
    }
    means = {name: (np.bincount(place, each) / count).tolist() for name, each in columns.items()}
    return {"ply": plies.tolist(), "positions": count.tolist(), **means}


def draw_policy(figure: Figure, known: Known, finding: Finding) -> None:
    """Draw agreement by stage, entropy by ply, and which cells come first."""
    figure.set_size_inches(12, 5)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1.3, 1])
    stages = _by_stage(known)
    for number, k in enumerate(TOPS):
        shares = [stage[f"top_{k}"] for stage in stages.values()]
        places = np.arange(len(stages)) + 0.27 * (number - 1)
        left.bar(places, shares, 0.25, label=f"top {k}", color=(GOOD, OTHER, GRID)[number])
    left.set_xticks(range(len(stages)), list(stages))
    left.set_ylim(0, 1.15)
    left.set_title("the search's best move is among", fontsize=9, color=INK)
    left.legend(fontsize=8, ncols=3, loc="upper center")
    plies = _by_ply(known)
    for name, colour in (("even", GRID), ("search", OTHER), ("policy", GOOD)):
        middle.plot(plies["ply"], plies[name], color=colour, label=name)
    middle.set_title("entropy by ply (nats)", fontsize=9, color=INK)
    middle.set_xlabel("ply", fontsize=8)
    middle.legend(fontsize=8)
    size = int(np.sqrt(known.rows.cells.shape[1]))
    first = np.bincount(known.first, minlength=size * size) / max(1, len(known.first))
    picture = right.imshow(first.reshape(size, size), cmap="viridis", vmin=0)
    right.set_xticks(range(size), [move_name(column, size)[0] for column in range(size)])
    right.set_yticks(range(size), [str(row + 1) for row in range(size)])
    colour = INK if finding.verdict != "collapsed" else BAD
    right.set_title("first choice, as the mover sees it", fontsize=9, color=colour)
    figure.colorbar(picture, ax=right, shrink=0.7)
    caption(figure, finding.sentence)


def _verdict(
    top: Estimate, chance: float, flat: float, liked: _Favourite, known: Known
) -> tuple[str, str]:
    if flat > UNIFORM:
        return "knows nothing yet", "all moves are alike to it: train it first"
    if liked.share > COLLAPSED and liked.share > liked.wanted + _APART:
        return "collapsed", (
            f"one cell is its first choice in {liked.share:.0%} of the positions where it is "
            f"empty, and the search's in {liked.wanted:.0%}: lower learner.learning_rate, raise "
            "exploration, and go back to an earlier checkpoint"
        )
    if top.low < 2 * chance:
        return "does not follow the search", "it is hardly better than chance"
    lost = known.target_entropy.mean() - known.entropy.mean()
    if lost > 0.5 * known.target_entropy.mean():
        return "too sure", "its entropy is less than half of that of its targets"
    return "follows the search", "it knows what the search finds"


def _entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(1)


def _search(boards: Boards, evaluate: Evaluate, settings: SearchSettings) -> SearchResult:
    cold = np.zeros(len(boards.to_move), np.bool_)
    return drive(search(boards, settings, None, cold), evaluate)
