"""Rates from the totals that players and servers count."""

from collections.abc import Mapping


def decided_rates(counts: Mapping[str, int]) -> dict[str, float]:
    """Return what share of moves was searched lightly and how often a decided game was lost.

    The false rate is over the games that were called decided and yet searched in full, and left
    out while there are none.
    """
    rates = {"decided/light_share": counts["light_searches"] / max(counts["moves"], 1)}
    verified = counts["decided_verified"]
    if verified:
        rates["decided/false_rate"] = counts["decided_false"] / verified
    return {**rates, "decided/verified": verified}


def server_rates(
    before: Mapping[str, float], then: float, after: Mapping[str, float], now: float
) -> dict[str, float]:
    """Return rates between two readings of a server's totals, ``then`` and ``now`` in seconds.

    ``batch_fill`` is the mean batch as a share of the largest allowed, ``busy_share`` the part of
    the time that the network worked, ``cache_hit_rate`` the share of rows answered from memory,
    which are not evaluations. Waits are those of the latest requests in milliseconds.
    """
    totals = ("evaluations", "batches", "busy_s", "cache_asked", "cache_hits")
    made = {key: after[key] - before[key] for key in totals}
    rows = made["evaluations"] / max(made["batches"], 1)
    return {
        "evaluations_per_s": made["evaluations"] / (now - then),
        "batch_rows": rows,
        "batch_fill": rows / after["batch_rows"],
        "busy_share": made["busy_s"] / (now - then),
        "cache_hit_rate": made["cache_hits"] / max(made["cache_asked"], 1),
        "wait_ms_p50": after["wait_ms_p50"],
        "wait_ms_p99": after["wait_ms_p99"],
    }
