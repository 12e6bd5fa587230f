"""The names of very many games, in few bytes each."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES = 16
_LEAST_FRESH = 4096
_FRESH_SHARE = 1 / 8


class KnownNames:
    """A set of names that only grows: some 30 bytes a name, where a set of Python takes 100.

    It holds digests of 128 bits, so that two names of a run that agree are not to be feared. Most
    of them are in a sorted array; new ones wait in a set until they are an eighth of it.
    """

    def __init__(self) -> None:
        self._sorted = np.empty(0, f"S{_DIGEST_BYTES}")
        self._fresh: set[bytes] = set()

    def are_new(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Say of each name whether it is not known, nor an earlier one of ``names``."""
        digests = [_digest(name) for name in names]
        keep = ~self._has(digests)
        seen: set[bytes] = set()
        for index, digest in enumerate(digests):
            keep[index] &= digest not in seen
            seen.add(digest)
        return keep

    def add(self, names: Iterable[str]) -> None:
        """Know ``names`` from now on."""
        self._fresh.update(map(_digest, names))
        if len(self._fresh) > max(_LEAST_FRESH, len(self._sorted) * _FRESH_SHARE):
            fresh = np.array(list(self._fresh), self._sorted.dtype)
            self._sorted = np.unique(np.concatenate([self._sorted, fresh]))
            self._fresh = set()

    def _has(self, digests: Sequence[bytes]) -> NDArray[np.bool_]:
        found = np.array([digest in self._fresh for digest in digests], np.bool_)
        if len(self._sorted) and len(digests):
            wanted = np.array(digests, self._sorted.dtype)
            places = np.searchsorted(self._sorted, wanted)
            found |= self._sorted[np.minimum(places, len(self._sorted) - 1)] == wanted
        return found


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=_DIGEST_BYTES).digest()
