"""What a run measures, for Prometheus: gauges and counters that Ray exports as ``ray_hexray_...``.

Ray's agent on the node of the driver answers Prometheus. A file in the user's cache tells where.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import ray
from ray.util.metrics import Counter, Gauge

from hexray.files import atomic_write

_COUNTED = frozenset(
    {
        "actors/deaths",
        "best/promotions",
        "decided/verified",
        "evaluations",
        "games",
        "learner/faults",
        "learner/rollbacks",
        "learner/rows_trained",
        "positions",
        "rating/cost_s",
    }
)
"""What only grows, beside ``cpu_s/...``; over a crash some begin anew or go back."""
_OF_BOARDS = ("learner", "solved")
_SERVER = re.compile(r"server-(\d+)")
_BOARD = re.compile(r"\d+x\d+")
_NOT_YET = {
    "actors/deaths": 0.0,
    "actors/down": 0.0,
    "alarm/gap": 0.0,
    "alarm/slow": 0.0,
    "learner/faults": 0.0,
    "learner/rollbacks": 0.0,
}
"""What is first told when it happens; a counter that first appears as 1 has not increased."""
_NEXT_TO_NOTHING = 5e-324
"""Ray's counters refuse to grow by 0, and one that has never grown is not exported."""


class Exported(NamedTuple):
    """What a metric is called outside; Ray adds ``ray_`` before it and ``_total`` to counters.

    ``tags`` are what its name held beside: ``server``, ``actor``, or ``board``, which is empty for
    the board of the run and for the one in turn.
    """

    name: str
    tags: dict[str, str]
    is_counter: bool


def exported_as(name: str) -> Exported:
    """Name a metric of ``metrics.jsonl`` for Prometheus; equal names have equal tags."""
    parts, tags = name.split("/"), {}
    numbered = _SERVER.fullmatch(parts[0])
    if numbered:
        parts[0], tags["server"] = "server", numbered[1]
    elif parts[0] == "memory_mb":
        tags["actor"] = parts.pop()
    elif parts[0] in _OF_BOARDS:
        tags["board"] = "".join(part for part in parts if _BOARD.fullmatch(part))
        parts = [part for part in parts if not _BOARD.fullmatch(part)]
    plain = "/".join(parts)
    is_counter = plain in _COUNTED or parts[0] == "cpu_s"
    return Exported("hexray_" + re.sub(r"\W", "_", plain, flags=re.ASCII), tags, is_counter)


class Exporter:
    """Sets the metrics of one run; begin it once Ray runs, and call it about once a second.

    A gauge that is not set again is forgotten by Ray after some twenty seconds, so that each call
    sets all of them.
    """

    def __init__(self, run: str) -> None:
        """Tag everything with the name of the ``run``."""
        self._run = run
        self._metrics: dict[str, Counter | Gauge] = {}
        self._exported: dict[str, Exported] = {}
        self._gauges: dict[str, float] = {}
        self._counts: dict[str, float] = {}
        self(0.0, _NOT_YET)

    def __call__(self, trained_s: float, values: Mapping[str, float]) -> None:
        """Set what was measured after so many seconds of training, and what was before."""
        for name, value in {**values, "trained_s": trained_s}.items():
            if name not in self._exported:
                self._exported[name] = self._made(name)
            if self._exported[name].is_counter:
                self._count(name, float(value))
            else:
                self._gauges[name] = float(value)
        for name, value in self._gauges.items():
            found = self._exported[name]
            metric: Any = self._metrics[found.name]
            metric.set(value, found.tags)

    def _made(self, name: str) -> Exported:
        found = exported_as(name)
        tags = {"run": self._run, **found.tags}
        if found.name not in self._metrics:
            kind = Counter if found.is_counter else Gauge
            self._metrics[found.name] = kind(found.name, f"{name} of a run", tuple(tags))
        return found._replace(tags=tags)

    def _count(self, name: str, value: float) -> None:
        found = self._exported[name]
        grown = value - self._counts.get(name, 0.0)
        if grown > 0 or name not in self._counts:
            metric: Any = self._metrics[found.name]
            metric.inc(max(grown, _NEXT_TO_NOTHING), found.tags)
        self._counts[name] = value


def scrape_target() -> str:
    """Return where Ray answers Prometheus on this node, ``host:port``; empty if it does not."""
    here = ray.get_runtime_context().get_node_id()
    [node] = [node for node in ray.nodes() if node["NodeID"] == here]
    host, port = node["NodeManagerAddress"], node["MetricsExportPort"]
    return f"{host}:{port}" if port > 0 else ""


@contextmanager
def announced(run: Path, run_id: str) -> Iterator[str]:
    """Tell Prometheus of a run by a file in ``targets_folder``; give ``scrape_target``.

    A run that ends as it should takes the file away. One that dies leaves it, so that Prometheus
    sees a target that does not answer.
    """
    target, file = scrape_target(), targets_folder() / f"{run.name}-{run_id}.json"
    known = [{"targets": [target], "labels": {"run": run.name}}]
    if target:
        with suppress(OSError):  # a home that cannot be written; the address can be given by hand
            file.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(file, (json.dumps(known) + "\n").encode())
    yield target
    file.unlink(missing_ok=True)


def targets_folder() -> Path:
    """Return where Prometheus finds the runs of this user, one file each."""
    return Path.home() / ".cache" / "hexray" / "prometheus"
