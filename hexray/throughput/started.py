"""Servers and players without the rest of a run, to be measured."""

from typing import Any

from hexray.config import RunConfig
from hexray.placement import Placement
from hexray.starting import Actors, build_players, build_servers, place_players, place_servers


def start_servers(config: RunConfig, placement: Placement) -> list[Any]:
    """Start the servers of a placement; they have no weights yet."""
    servers = place_servers(config, placement)
    build_servers(config, placement, servers)
    return list(servers.values())


def start_players(
    config: RunConfig, placement: Placement, servers: list[Any], replay: Any
) -> list[Any]:
    """Start the players of a placement; ``replay`` acknowledges their games."""
    players = place_players(placement)
    actors = Actors(dict(enumerate(servers)), players, replay, None, None)
    build_players(config, placement, actors, "bench", 0)
    return list(players.values())
