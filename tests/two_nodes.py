"""A program: run the actors of hexray on a cluster of two nodes and print what is seen of them.

``python two_nodes.py FOLDER`` prints one line of JSON. It is a process of its own because a process
has one Ray at a time, and that of the other tests has one node.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numba.np.ufunc.parallel
import pyarrow
import ray
import torch
from ray.cluster_utils import Cluster

from hexray.cluster import fetch, ray_session
from hexray.config import RunConfig, with_overrides
from hexray.crew import Crew
from hexray.nodes import plan
from hexray.presets import quick
from hexray.starting import Actors

CPUS = 5


def main(folder: Path) -> None:
    """Print where everything is, what pools it has, and who asked whom."""
    cluster = Cluster()
    cluster.add_node(num_cpus=CPUS, include_dashboard=False)
    cluster.add_node(num_cpus=CPUS)
    config = _config(cluster.address)
    with ray_session(config):
        planned = plan(config)
        actors = Crew(config, folder, "two", 1).actors
        seen = {
            "driver": ray.get_runtime_context().get_node_id(),
            "nodes": [node["NodeID"] for node in ray.nodes()],
            "planned_servers": planned.servers,
            "planned_learner": planned.learner,
            "planned_players": planned.players,
            "asked": [_asked_by(actors, index) for index in range(len(actors.players))],
            "clients": [
                fetch(server.__ray_call__.remote(_clients)) for server in actors.servers.values()
            ],
            "actors": {
                name: fetch(actor.__ray_call__.remote(_seen))
                for name, actor in _names(actors).items()
            },
        }
    cluster.shutdown()
    print(json.dumps(seen))


def _config(address: str) -> RunConfig:
    return with_overrides(
        quick(3),
        {
            "net": {"blocks": 1, "channels": 8},
            "inference": {"servers": 2, "precision": "float32", "batch_rows": 64},
            "selfplay": {"players": 2, "games": 4},
            "learner": {"precision": "float32", "threads": 2},
            "replay": {"commit_seconds": 0.0},
            "cluster": {"address": address},
        },
    )


def _asked_by(actors: Actors, player: int) -> list[float]:
    """Return how many evaluations each server made while one player played alone."""
    before = _evaluations(actors)
    fetch(actors.players[player].play.remote(1.0))
    return [now - then for then, now in zip(before, _evaluations(actors), strict=True)]


def _evaluations(actors: Actors) -> list[float]:
    return [
        stats["evaluations"] for stats in fetch([s.stats.remote() for s in actors.servers.values()])
    ]


def _names(actors: Actors) -> dict[str, Any]:
    return {
        **{f"server-{index}": server for index, server in actors.servers.items()},
        **{f"player-{index}": player for index, player in actors.players.items()},
        **{name: getattr(actors, name) for name in ("replay", "learner", "judge")},
    }


def _clients(server: Any) -> int:
    return server._body._clients


def _seen(_: Any) -> dict[str, Any]:
    """Return the node of this process, and how many threads each library would use at once."""
    return {
        "node": ray.get_runtime_context().get_node_id(),
        "threads": {
            "OMP_NUM_THREADS": int(os.environ["OMP_NUM_THREADS"]),
            "torch": torch.get_num_threads(),
            "pyarrow": pyarrow.cpu_count(),
        },
        "has_numba_threads": numba.np.ufunc.parallel._is_initialized,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
