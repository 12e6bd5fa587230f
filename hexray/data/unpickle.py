"""Read a pickle of training examples in a process of its own, which may do next to nothing.

    python -m hexray.data.unpickle FILE.pkl.gz OUT.npz MEGABYTES

A pickle is a program. This reader knows arrays of numbers, plain containers and nothing else, and
its process may neither use more memory than it is given, nor start others, nor write large files.
It writes flat arrays, which need no pickle; a message on stderr says why a file is refused, and the
exit status is 3.
"""

import gzip
import pickle
import resource
import sys
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

REFUSED = 3
"""Exit status when the file is not what it should be."""

MEMORY_MB = 300
"""Megabytes that a file may unfold to, unless more are allowed."""

_HEADROOM_MB = 150
_SECONDS = 600
_KINDS = "biuf"
_MAX_SIDE = 19
_UNREADABLE = (
    pickle.UnpicklingError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    MemoryError,
    OverflowError,
    RecursionError,
)


class Refused(ValueError):
    """The file holds what no file of examples has."""


def main(arguments: Sequence[str]) -> int:
    """Read ``arguments[0]``, write ``arguments[1]``; return the exit status."""
    path, out, megabytes = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    _limit(megabytes + _HEADROOM_MB)
    try:
        columns = read_examples(path, megabytes * 1_000_000)
    except _UNREADABLE as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return REFUSED
    with out.open("wb") as file:
        np.savez(file, **columns)  # pyright: ignore[reportArgumentType]
    return 0


def read_examples(path: Path, most_bytes: int) -> dict[str, NDArray]:
    """Return the records of a file as flat arrays; ``reason`` says which are none, and why.

    size int16[K], blue and red int8[K, A] for the largest board (of a smaller one the first
    size * size cells of a row count), policy float32[K, A], has_policy bool[K], value float64[K],
    to_move int8[K] (+1 blue, -1 red, 0 not said), game str[K] (empty when not said), kind and
    reason str[K] of a fault (empty for a good record).
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        bounded = _Bounded(gzip.GzipFile(fileobj=raw) if packed else raw, most_bytes)
        found = _Reader(bounded).load()
    records = found.get("examples") if isinstance(found, Mapping) else found
    if not isinstance(records, (list, tuple)):
        raise Refused("no list of examples")
    return _columns([_record(record) for record in records])


class _Bounded:
    """A file that refuses to give more than it may."""

    def __init__(self, file: Any, left: int) -> None:
        self._file, self._left = file, left

    def read(self, count: int = -1) -> bytes:
        self._take(count)
        return self._file.read(count)

    def readline(self) -> bytes:
        line = self._file.readline(self._left + 1)
        self._take(len(line))
        return line

    def _take(self, count: int) -> None:
        if count < 0 or count > self._left:
            raise Refused("it unfolds to more memory than is allowed; allow more, or split it")
        self._left -= count


class _Reader(pickle.Unpickler):
    """An unpickler that knows numpy's arrays of numbers and nothing else by name."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle may name; Refused for all else."""
        known = _KNOWN.get((module.replace("numpy.core", "numpy._core"), name))
        if known is None:
            raise Refused(f"it names {module}.{name}, which no file of examples needs")
        return known

    def persistent_load(self, pid: Any) -> NoReturn:
        """Refuse references to things outside the file."""
        raise Refused("it refers to things outside the file")


def _empty(kind: Any, shape: Any, code: Any) -> NDArray:
    """Make the array that a pickle fills afterwards; numpy begins with an empty one."""
    if kind is not np.ndarray or tuple(shape) != (0,):
        raise Refused(f"an array that begins with shape {shape}")
    return np.empty((0,), np.int8)


def _dtype(code: Any, align: Any = False, copy: Any = True) -> np.dtype:
    found = np.dtype(code) if isinstance(code, str) and len(code) <= 8 else None
    if found is None or found.kind not in _KINDS or found.itemsize > 8:
        raise Refused(f"an array of type {code!r}; only numbers are read")
    return np.dtype(found, copy=True)


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> NDArray:
    if not isinstance(dtype, np.dtype) or dtype.kind not in _KINDS or order not in ("C", "F"):
        raise Refused("an array of no known type")
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def _scalar(dtype: Any, data: Any) -> Any:
    if not isinstance(dtype, np.dtype) or dtype.kind not in _KINDS or len(data) != dtype.itemsize:
        raise Refused("a number of no known type")
    return np.frombuffer(data, dtype)[0]


def _latin1(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise Refused("bytes in an unknown encoding")
    return text.encode("latin1")


_KNOWN: dict[tuple[str, str], Callable[..., Any] | type] = {
    ("numpy._core.multiarray", "_reconstruct"): _empty,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _frombuffer,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _latin1,
    ("collections", "OrderedDict"): OrderedDict,
}

_Record = tuple[str, str, int, NDArray | None, NDArray | None, float, int, str]
"""Kind and reason of a fault, side, stones [2, A], policy [A], value, player to move and game."""


def _record(record: Any) -> _Record:
    """Take a record apart; the reason says why it is none."""
    if isinstance(record, Mapping):
        board, policy, value = (record.get(name) for name in ("board", "policy", "value"))
        to_move, about = record.get("player_to_move"), record.get("metadata")
    elif isinstance(record, (list, tuple)) and len(record) == 3:
        (board, policy, value), to_move, about = record, None, None
    else:
        return _none("neither a board, policy and value nor a dictionary of them")
    if not isinstance(board, np.ndarray) or board.dtype.kind not in _KINDS:
        return _none("no board of numbers")
    side = board.shape[-1] if board.ndim == 3 else 0
    if board.shape != (2, side, side) or not 2 <= side <= _MAX_SIDE:
        return _none(f"a board of shape {board.shape}; it must be 2 planes of a square board")
    stones = board.reshape(2, -1)
    if not np.isin(stones, (0, 1)).all() or (stones.sum(0) > 1).any():
        return _none("planes that are not 0 and 1, or two stones on a cell", "repeated cell")
    shares = _policy(policy, side * side)
    if isinstance(shares, str):
        return _none(shares, "bad policy")
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())[()]
    is_number = isinstance(value, (int, float, np.integer, np.floating))
    if not is_number or not -1 <= float(value) <= 1:
        kind = "not finite" if is_number and not np.isfinite(float(value)) else "bad value"
        return _none(f"a value of {str(value)[:40]}; it must lie in [-1, 1]", kind)
    player = _player(to_move)
    if player is None:
        return _none(f"a player to move {str(to_move)[:40]!r}; it must be blue or red")
    game = about.get("game_id") if isinstance(about, Mapping) else None
    return (
        "",
        "",
        side,
        stones,
        shares,
        float(value),
        player,
        "" if game is None else str(game)[:200],
    )


def _none(reason: str, kind: str = "no game") -> _Record:
    return kind, reason, 0, None, None, 0.0, 0, ""


def _policy(policy: Any, area: int) -> NDArray | str | None:
    """Return shares that sum to one, None for no policy, or why it is none."""
    if policy is None:
        return None
    if not isinstance(policy, np.ndarray) or policy.dtype.kind not in _KINDS or policy.size != area:
        return f"a policy that is not {area} numbers"
    shares = policy.reshape(-1).astype(np.float64)
    if not np.isfinite(shares).all() or (shares < 0).any():
        return "a policy that is negative or not finite"
    total = shares.sum()
    if total == 0:
        return None
    return shares / total if abs(total - 1) < 0.01 else f"a policy that sums to {total:.3f}"


def _player(to_move: Any) -> int | None:
    """Return +1 for blue, -1 for red, 0 when nothing is said, None for nonsense."""
    if to_move is None:
        return 0
    if isinstance(to_move, (bool, np.bool_)):
        return None
    name = to_move.lower() if isinstance(to_move, str) else to_move
    return next((sign for sign, names in _PLAYERS.items() if name in names), None)


_PLAYERS = {1: ("blue", "b", 0), -1: ("red", "r", 1)}


def _columns(records: Sequence[_Record]) -> dict[str, NDArray]:
    area = max((record[2] for record in records), default=0) ** 2
    stones = np.zeros((len(records), 2, area), np.int8)
    policy = np.zeros((len(records), area), np.float32)
    for index, (_, _, side, planes, shares, *_) in enumerate(records):
        if planes is not None:
            stones[index, :, : side * side] = planes
        if shares is not None:
            policy[index, : side * side] = shares
    return {
        "size": np.array([record[2] for record in records], np.int16),
        "blue": stones[:, 0],
        "red": stones[:, 1],
        "policy": policy,
        "has_policy": np.array([record[4] is not None for record in records], np.bool_),
        "value": np.array([record[5] for record in records], np.float64),
        "to_move": np.array([record[6] for record in records], np.int8),
        "game": np.array([record[7] for record in records], np.str_),
        "kind": np.array([record[0] for record in records], np.str_),
        "reason": np.array([record[1] for record in records], np.str_),
    }


def _limit(megabytes: int) -> None:
    """Bound memory from here on, time, files and processes of this process."""
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = in_use + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
