"""Blocks of random finished games, made by the slow engine alone, and their rows the slow way."""

import random

import numpy as np
from oracle import EMPTY, mover_cell, mover_view, random_game, replay

from hexray.data.games import Ended, GameBlock
from hexray.data.rows import NOTHING_FURTHER, Further, Rows
from hexray.game.fill_in import filled


def random_block(size: int, games: int, seed: int, settings: str = "abcdef012345") -> GameBlock:
    """Make ``games`` random games with openings, ends of every kind and missing policies."""
    rng = random.Random(seed)
    moves, length, opening, winner, ended, policies = [], [], [], [], [], []
    for _ in range(games):
        game = random_game(size, rng)
        won = replay(size, game)[2]
        if cut := rng.randrange(len(game)) if rng.random() < 0.5 else 0:
            game = game[: len(game) - cut]
        end = rng.choice(list(Ended)[1:]) if cut else Ended.JOINED
        skip = rng.randrange(len(game) + 1)
        if end == Ended.UNFINISHED:
            won, skip = EMPTY, len(game)
        moves += game
        length.append(len(game))
        opening.append(skip)
        winner.append(won)
        ended.append(end)
        policies += [_policy(size, game[:ply], rng) for ply in range(skip, len(game))]
    plies = len(policies)
    return GameBlock(
        size=size,
        game_id=tuple(f"player-{seed}-{game}" for game in range(games)),
        length=np.array(length, np.int16),
        opening=np.array(opening, np.int16),
        winner=np.array(winner, np.int8),
        ended=np.array(ended, np.int8),
        swapped=np.array([rng.random() < 0.3 for _ in range(games)], np.bool_),
        seed=np.array([rng.getrandbits(63) for _ in range(games)], np.int64),
        moves=np.array(moves, np.int16),
        root_value=np.array([rng.uniform(-1, 1) for _ in range(plies)], np.float32),
        policy=np.array(policies, np.float16).reshape(plies, size * size),
        version=np.array([rng.randrange(1000) for _ in range(plies)], np.int32),
        first=tuple(rng.choice(("", "Ada", "Bö")) for _ in range(games)),
        second=tuple(rng.choice(("", "Cy")) for _ in range(games)),
        source=tuple(rng.choice(("self-play", "old.sgf")) for _ in range(games)),
        settings=(settings,) * games,
    )


def slow_rows(block: GameBlock, further: Further = NOTHING_FURTHER) -> Rows:
    """Build the rows position by position."""
    cells, outcome, reply, owner, first, row = [], [], [], [], 0, 0
    area = block.size**2
    for game in range(len(block.game_id)):
        moves = block.moves[first : first + block.length[game]].tolist()
        first += len(moves)
        end = [EMPTY] * area if block.ended[game] else replay(block.size, moves)[0]
        for ply in range(block.opening[game], len(moves)):
            board, to_move, _ = replay(block.size, moves[:ply])
            cells.append(mover_view(board, to_move, block.size))
            outcome.append(1 if block.winner[game] == to_move else -1)
            owner.append(mover_view(end, to_move, block.size))
            answer = [0.0] * area
            if ply + 1 < len(moves):
                for cell in range(area):
                    seen_next = block.policy[row + 1, mover_cell(cell, -to_move, block.size)]
                    answer[mover_cell(cell, to_move, block.size)] = seen_next
            reply.append(answer)
            row += 1
    stones = np.array(cells, np.int8).reshape(-1, area)
    seen = filled(stones, block.size)
    ends = np.where(seen == stones, np.array(owner, np.int8).reshape(-1, area), 0)
    replies = over_empty(np.array(reply, np.float16).reshape(-1, area), seen)
    return Rows(
        cells=seen,
        policy=over_empty(block.policy, seen),
        outcome=np.array(outcome, np.int8),
        root_value=block.root_value,
        version=block.version,
        reply=replies[:, : area * further.reply],
        owner=ends.astype(np.int8)[:, : area * further.owner],
    )


def over_empty(policy: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Leave of each row of a policy what is on empty cells, row by row, to sum to one again."""
    rows = []
    for shares, board in zip(policy.astype(np.float32), cells, strict=True):
        kept = np.where(board == EMPTY, shares, 0)
        if (kept != shares).any():
            kept = kept / kept.sum() if kept.sum() >= 0.01 else np.zeros_like(kept)
        rows.append(kept)
    return np.array(rows, np.float16).reshape(policy.shape)


def random_stones_on(size: int, rng: random.Random, least: int) -> list[int]:
    """Put stones of any number, at least so many, and of either colour anywhere."""
    area = size * size
    cells = [EMPTY] * area
    for cell in rng.sample(range(area), rng.randint(least, area)):
        cells[cell] = rng.choice((1, -1))
    return cells


def counted_rows(count: int, size: int, first: int = 0, further: Further = NOTHING_FURTHER) -> Rows:
    """Make rows that can be told apart: version ``first``, ``first + 1``, ... written in all."""
    number = np.arange(first, first + count)
    area = size * size
    return Rows(
        cells=(number[:, None] + np.arange(area)).astype(np.int8),
        policy=(number[:, None] + np.arange(area) / area).astype(np.float16),
        outcome=np.where(number % 2, 1, -1).astype(np.int8),
        root_value=number.astype(np.float32),
        version=number.astype(np.int32),
        reply=(number[:, None] - np.arange(area * further.reply) / area).astype(np.float16),
        owner=(number[:, None] * 2 + np.arange(area * further.owner)).astype(np.int8),
    )


def assert_same(one: tuple, other: tuple) -> None:
    """Assert that two blocks or rows are equal to the bit, dtypes and shapes included."""
    for name in one._fields:
        found, expected = getattr(one, name), getattr(other, name)
        if isinstance(expected, np.ndarray):
            assert (name, found.dtype, found.shape) == (name, expected.dtype, expected.shape)
            assert found.tobytes() == expected.tobytes(), name
        else:
            assert found == expected, name


def _policy(size: int, before: list[int], rng: random.Random) -> list[float]:
    weights = [0.0] * (size * size)
    if rng.random() < 0.1:
        return weights
    board, to_move, _ = replay(size, before)
    for cell in range(size * size):
        if board[cell] == EMPTY:
            weights[mover_cell(cell, to_move, size)] = rng.random() ** 4 + 1e-9
    total = sum(weights)
    return [weight / total for weight in weights]
