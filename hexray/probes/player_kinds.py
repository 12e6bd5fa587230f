"""The kinds of players whose speed and memory are measured, and one of them playing.

Each plays in a process of its own (``python -m hexray.probes.player_kinds``), so that its memory is
its own: a line of JSON on standard input says which, a line on standard output what was measured.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from hexray.config import RunConfig, SearchSettings, with_overrides
from hexray.errors import ActorDied
from hexray.evaluation import Evaluate, drive
from hexray.game.board import EMPTY, Boards, new_boards, play
from hexray.net.checkpoint import load_net
from hexray.net.evaluator import Evaluator
from hexray.net.kept import ServedNet
from hexray.play.players import (
    HeuristicPlayer,
    NetworkPlayer,
    Player,
    RandomPlayer,
    parse_heuristic,
)
from hexray.play.solved import answers
from hexray.search import Memory

KINDS = ("random", "two-distance", "resistance", "network", "mcts", "minimax")
"""Any move; alpha-beta over two classical evaluations; a network alone, with tree search, with
minimax."""
TOGETHER = 64
_LOOKS = 50


class Measured(NamedTuple):
    """What one kind of player did.

    ms            of each move, one game at a time, in order
    per_s         moves a second, ``together`` games at a time
    before_mb     memory of its process with all that it needs loaded, before the first move
    peak_mb       the most that it came to
    later_mb      memory at even times while it played many games at once
    tree_bytes    of the tree of one game; None where a player keeps none
    """

    kind: str
    ms: list[float]
    per_s: float
    together: int
    before_mb: float
    peak_mb: float
    later_mb: list[float]
    tree_bytes: int | None


class Bench(NamedTuple):
    """What is played: the network, or none where there are only classical players."""

    net: str | None
    board: int
    seconds: float
    seed: int
    simulations: int | None = None


def measure_apart(kind: str, bench: Bench) -> Measured:
    """Let a kind of player play in a process of its own. Raises ActorDied where that fails."""
    request = json.dumps({"kind": kind, **bench._asdict()})
    command = [sys.executable, "-m", "hexray.probes.player_kinds"]
    done = subprocess.run(command, input=request, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise ActorDied(f"{kind} cannot play {bench.board}x{bench.board}: {last[0]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def measure(kind: str, player: Player, bench: Bench, tree_bytes: int | None) -> Measured:
    """Let a player play, half of the time one game, half of it many at once."""
    rng = np.random.default_rng(bench.seed)
    together = min(TOGETHER, player.at_once)
    _moves(player, bench.board, 1, lambda: False, rng)  # compiles, loads and fills what is kept
    before, later = _memory_mb(), list[float]()
    half, began = bench.seconds / 2, time.perf_counter()
    alone = _moves(player, bench.board, 1, lambda: time.perf_counter() < began + half, rng)
    began = time.perf_counter()

    def goes_on() -> bool:
        passed = time.perf_counter() - began
        if passed >= len(later) * half / _LOOKS:
            later.append(_memory_mb())
        return passed < half

    many = _moves(player, bench.board, together, goes_on, rng)
    per_s = together * len(many) / sum(many)
    ms = [1000 * seconds for seconds in alone]
    later.append(_memory_mb())
    return Measured(kind, ms, per_s, together, before, max(_peak_mb(), *later), later, tree_bytes)


def search_of(config: RunConfig, kind: str, simulations: int | None) -> SearchSettings:
    """Return how a kind with a network searches: as its run does, without keeping trees."""
    changes: dict[str, Any] = {"kind": kind, "reuse_tree": False}
    if simulations is not None:
        changes["simulations"] = simulations
    return with_overrides(config, {"search": changes}).search


def _moves(
    player: Player, size: int, games: int, goes_on: Callable[[], bool], rng: np.random.Generator
) -> list[float]:
    """Play games at once, each replaced when it ends; return the seconds of each lot of moves.

    The first move of every game is random, so that no two games are alike.
    """
    boards = _begun(games, size, rng)
    histories: list[list[int]] = [[] for _ in range(games)]
    took = []
    while True:
        start = time.perf_counter()
        moves = player.choose(boards, histories)
        took.append(time.perf_counter() - start)
        play(boards, np.arange(games), moves)
        over = np.flatnonzero(boards.winner != EMPTY)
        for column, fresh in zip(boards, _begun(len(over), size, rng), strict=True):
            column[over] = fresh
        if not goes_on():
            return took


def _begun(games: int, size: int, rng: np.random.Generator) -> Boards:
    boards = new_boards(games, size)
    play(boards, np.arange(games), rng.integers(size * size, size=games))
    return boards


class _RawPlayer:
    """Plays what the network likes best, without any search."""

    name, at_once = "network", TOGETHER

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Return a move for each of G undecided positions."""
        return drive(answers(boards, 0), self._evaluate)[1]


def player_of(kind: str, bench: Bench) -> tuple[Player, int | None]:
    """Make a player; return the bytes of its tree of one game too."""
    if kind == "random":
        return RandomPlayer(bench.seed), None
    if kind in ("two-distance", "resistance"):
        return HeuristicPlayer(parse_heuristic(kind), bench.seed), None
    net = load_net(Path(str(bench.net)))
    evaluate = _evaluator(net, bench.board)
    if kind == "network":
        return _RawPlayer(evaluate), None
    search = search_of(net.config, kind, bench.simulations)
    tree = None
    if kind == "mcts":
        trees = Memory(1, bench.board**2, search).trees
        tree = sum(column.nbytes for column in trees)
    return NetworkPlayer(kind, evaluate, search), tree


def _evaluator(net: ServedNet, size: int) -> Evaluator:
    inference = net.config.inference.model_copy(update={"backend": "eager"})
    evaluator = Evaluator(net.config.net, inference, size)
    evaluator.load(net.version, net.weights)
    return evaluator


def _memory_mb() -> float:
    return psutil.Process().memory_info().rss / 2**20


def _peak_mb() -> float:
    """Return the most that this process came to, where Linux tells; what it has now elsewhere."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")]
    return found[0] if found else _memory_mb()


def main() -> None:
    """Play as standard input says, and write what was measured."""
    request = json.load(sys.stdin)
    kind, bench = request.pop("kind"), Bench(**request)
    player, tree = player_of(kind, bench)
    print(json.dumps(measure(kind, player, bench, tree)._asdict()))


if __name__ == "__main__":
    main()
