"""Rates from totals, worked out without Ray."""

import pytest

from hexray.rates import decided_rates, server_rates

BEFORE = {
    "evaluations": 1000,
    "batches": 10,
    "busy_s": 1.0,
    "batch_rows": 256,
    "cache_asked": 1200,
    "cache_hits": 200,
}
WAITS = {"wait_ms_p50": 3.0, "wait_ms_p99": 9.0}


def test_rates_are_differences_of_totals_over_the_time_between() -> None:
    totals = {"evaluations": 3000, "batches": 30, "busy_s": 1.5}
    after = {**BEFORE, **totals, "cache_asked": 3700, "cache_hits": 700, **WAITS}
    rates = server_rates(BEFORE, 100.0, after, 104.0)
    assert rates == {
        "evaluations_per_s": 500.0,
        "batch_rows": 100.0,
        "batch_fill": pytest.approx(100 / 256),
        "busy_share": 0.125,
        "cache_hit_rate": 0.2,
        **WAITS,
    }


def test_a_server_that_did_nothing_has_rates_of_zero() -> None:
    rates = server_rates(BEFORE, 100.0, {**BEFORE, **WAITS}, 101.0)
    assert rates["evaluations_per_s"] == rates["batch_fill"] == rates["busy_share"] == 0.0
    assert rates["cache_hit_rate"] == 0.0


def test_the_false_rate_is_of_the_verified_games() -> None:
    counts = {"moves": 200, "light_searches": 50, "decided_verified": 40, "decided_false": 2}
    assert decided_rates(counts) == {
        "decided/light_share": 0.25,
        "decided/false_rate": 0.05,
        "decided/verified": 40,
    }


def test_there_is_no_false_rate_before_a_game_was_verified() -> None:
    counts = {"moves": 0, "light_searches": 0, "decided_verified": 0, "decided_false": 0}
    assert decided_rates(counts) == {"decided/light_share": 0.0, "decided/verified": 0}
