"""Very many names in few bytes, against a set of Python."""

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hexray.data import known as module
from hexray.data.known import KnownNames

NAMES = st.lists(st.lists(st.integers(0, 60).map(str), max_size=12), max_size=12)


@given(NAMES, st.integers(0, 5))
def test_it_knows_what_a_set_knows(blocks: list[list[str]], least: int) -> None:
    known, oracle = KnownNames(), set[str]()
    before, module._LEAST_FRESH = module._LEAST_FRESH, least
    try:
        for block in blocks:
            expected, seen = [], set(oracle)
            for name in block:
                expected.append(name not in seen)
                seen.add(name)
            assert known.are_new(block).tolist() == expected
            known.add(block)
            oracle |= set(block)
    finally:
        module._LEAST_FRESH = before


def test_a_name_takes_few_bytes() -> None:
    names = [f"run-1-0-5-{number}" for number in range(200_000)]
    tracemalloc.start()
    known = KnownNames()
    for start in range(0, len(names), 1000):
        known.add(names[start : start + 1000])
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(names) < 40
    assert not known.are_new(names).any()
    assert known.are_new([f"another-{name}" for name in names[:5000]]).all()


def test_digests_that_end_in_zeros_are_kept_apart() -> None:
    """Arrays of bytes drop zeros at the end."""
    known = KnownNames()
    digests = [bytes(15) + bytes([last]) for last in (0, 1)]
    known._sorted = np.array(digests[:1], "S16")
    assert known._has(digests).tolist() == [True, False]
