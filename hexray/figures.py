"""What actors answer, told as metrics."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from hexray.rates import decided_rates, server_rates
from hexray.usage import Family, own_usage, totals

Report = Callable[[Mapping[str, float]], object]
_DECIDED = ("moves", "light_searches", "decided_verified", "decided_false")
_NOTHING = {
    "evaluations": 0.0,
    "batches": 0.0,
    "busy_s": 0.0,
    "cache_asked": 0.0,
    "cache_hits": 0.0,
}


class Figures:
    """Sums up, over all actors, what each of them tells of itself."""

    def __init__(
        self,
        report: Report,
        is_alone: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Tell ``report``; ``is_alone``: Ray runs for this run only."""
        self._report, self._is_alone, self._clock = report, is_alone, clock
        self._decided: Counter[str] = Counter()
        self._served: dict[int, tuple[Mapping[str, float], float]] = {}
        self._rates: dict[int, float] = {}
        self._evaluations = 0.0
        self._faults: Counter[str] = Counter()
        self._family = Family()
        self._readings: dict[str, Mapping[str, float]] = {}
        self._names: Collection[str] = ()
        self._told: tuple[str, ...] = ()

    def played(self, stats: Mapping[str, float], counts_decided: bool) -> None:
        """Tell of a round of a player."""
        self._decided.update({key: int(stats[key]) for key in _DECIDED})
        speed = stats["moves"] / stats["seconds"]
        self._report({"player/moves_per_s": speed, "player/wait_share": stats["wait_share"]})
        if counts_decided:
            self._report(decided_rates(self._decided))

    def trained(self, losses: Mapping[str, float], board: int | None) -> None:
        """Tell of the losses of a block; those of a rehearsal bear the name of their ``board``."""
        name = "learner" if board is None else f"learner/{board}x{board}"
        self._report({f"{name}/{key}": value for key, value in losses.items()})
        self._report({"learner/rows_trained": losses["rows_trained"]})

    def learned_nothing(self, went_back: bool) -> None:
        """Count a block that nothing could be learned from, and a way back to a checkpoint."""
        self._faults.update(faults=1, rollbacks=int(went_back))
        self._report({f"learner/{name}": count for name, count in self._faults.items()})

    def stored(self, stats: Mapping[int, Mapping[str, int]], board: int) -> None:
        """Tell of the games stored on all boards, ``board`` being the one in turn."""
        total = Counter[str]()
        for counts in stats.values():
            total.update(counts)
        self._report(
            {
                "games": total["games"],
                "positions": total["rows"],
                "window_rows": total["window_rows"],
                "board": board,
            }
        )

    def served(self, index: int, stats: Mapping[str, float]) -> None:
        """Turn the totals of a server into rates since the last time, or since it began anew."""
        now = self._clock()
        before, then = self._served.get(index, (stats, now))
        self._served[index] = (stats, now)
        if stats["evaluations"] < before["evaluations"]:
            before = _NOTHING
        if now <= then:
            return
        rates = server_rates(before, then, stats, now)
        self._rates[index] = rates["evaluations_per_s"]
        self._evaluations += stats["evaluations"] - before["evaluations"]
        self._told = tuple(rates)
        self._report({f"server-{index}/{key}": value for key, value in rates.items()})
        total = {"evaluations_per_s": sum(self._rates.values()), "evaluations": self._evaluations}
        self._report({**total, "batch_fill": rates["batch_fill"]})

    def left(self, index: int) -> None:
        """Tell that a server works no more."""
        self._rates.pop(index, None)
        self._served.pop(index, None)
        self._report(dict.fromkeys((f"server-{index}/{key}" for key in self._told), 0.0))

    def begin_usage(self, names: Collection[str]) -> None:
        """Forget what was used before; all actors, ``names``, are asked again."""
        self._readings, self._names = {}, names

    def used(self, name: str, usage: Mapping[str, float]) -> None:
        """Take note of what one process uses, and tell once everyone has answered."""
        self._readings[name] = usage
        if len(self._readings) < len(self._names):
            return
        readings = {**self._readings, "driver": own_usage()._asdict()}
        # The processes of a cluster that was joined do not descend from this one.
        counted = sum(reading["cpu_s"] for reading in readings.values())
        self._report(totals(readings, self._family.cpu_s() if self._is_alone else counted))
