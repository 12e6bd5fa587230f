"""Places the processes of actors and builds the actors in them, side by side."""

from typing import Any, NamedTuple

from hexray.actors.inference import InferenceServer
from hexray.cluster import fetch, place_actor
from hexray.config import RunConfig
from hexray.placement import Placement
from hexray.remote_player import PlayerActor
from hexray.stages import Stages, run_stages


class Actors(NamedTuple):
    """Handles of a run, servers and players by number; who holds them keeps the actors alive."""

    servers: dict[int, Any]
    players: dict[int, Any]
    replay: Any
    learner: Any
    judge: Any

    def named(self) -> dict[str, Any]:
        """Return every actor by a name of its own."""
        return {
            **{f"server-{index}": server for index, server in self.servers.items()},
            **{f"player-{index}": player for index, player in self.players.items()},
            "replay": self.replay,
            "learner": self.learner,
            "judge": self.judge,
        }


def place_server(config: RunConfig, name: str, node: str, gpus: float) -> Any:
    """Start the process of a server, which takes a GPU, or half of one, where there are any."""
    cpus = max(config.inference.threads, 1)
    return place_actor(InferenceServer, name, node, num_cpus=cpus, num_gpus=gpus)


def place_player(name: str, node: str) -> Any:
    """Start the process of a player."""
    return place_actor(PlayerActor, name, node, num_cpus=1)


def place_servers(config: RunConfig, placement: Placement, label: str = "") -> dict[int, Any]:
    """Start the processes of all servers."""
    return {
        index: place_server(config, f"{label}server-{index}", node, placement.gpus)
        for index, node in enumerate(placement.servers)
    }


def place_players(placement: Placement, label: str = "") -> dict[int, Any]:
    """Start the processes of all players, each beside its server."""
    return {
        index: place_player(f"{label}player-{index}", seat.node)
        for index, seat in enumerate(placement.players)
    }


def build_servers(config: RunConfig, placement: Placement, servers: dict[int, Any]) -> None:
    """Build the servers of a placement, and open them."""
    run_stages(
        server_stages(server, config, placement.cores[index], placement.players_of(index), 0)
        for index, server in servers.items()
    )
    fetch([server.open.remote() for server in servers.values()])


def build_players(
    config: RunConfig, placement: Placement, actors: Actors, name: str, start: int
) -> None:
    """Build the players of a placement for the ``start``-th time of a run, and open them."""
    players = actors.players
    asked = [actors.servers[seat.server] for seat in placement.players]
    fetch(
        [
            player.build.remote(
                0, config, f"{name}-{index}", (start, index), asked[index], actors.replay
            )
            for index, player in players.items()
        ]
    )
    fetch([player.open.remote() for player in players.values()])


def server_stages(server: Any, config: RunConfig, cores: int, players: int, life: int) -> Stages:
    """Build a server that may use so many cores, and that so many players will ask."""
    yield [server.build.remote(life, config.net, config.inference, config.board, cores)]
    yield [
        *(server.prepare.remote(board) for board in config.curriculum.boards),
        server.register.remote(players * config.selfplay.halves),
    ]
