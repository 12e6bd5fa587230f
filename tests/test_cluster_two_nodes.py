"""Two servers on two nodes: everyone is where it was planned, and asks its neighbour."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

HALVES = 2
LEARNER_THREADS = 2


@pytest.fixture(scope="module")
def seen() -> Iterator[dict[str, Any]]:
    """Run the program once, with a home, a token and a Ray folder of its own."""
    # Sockets lie in the folder, and their paths may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="hexray-", dir="/tmp") as folder:
        token = Path(folder) / "home" / ".ray" / "auth_token"
        token.parent.mkdir(parents=True)
        token.write_text("0123456789abcdef" * 4)
        own = {"HOME": f"{folder}/home", "RAY_TMPDIR": folder, "RAY_AUTH_MODE": "token"}
        users = ("OMP_NUM_THREADS", "RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("two_nodes.py")), folder],
            env={**{name: text for name, text in os.environ.items() if name not in users}, **own},
            capture_output=True,
            text=True,
            timeout=170,
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout.splitlines()[-1])


def test_each_node_has_a_server(seen: dict[str, Any]) -> None:
    assert sorted(_nodes(seen, "server")) == sorted(seen["nodes"])


def test_every_actor_is_on_the_planned_node(seen: dict[str, Any]) -> None:
    assert _nodes(seen, "server") == seen["planned_servers"]
    assert _nodes(seen, "player") == [node for node, _ in seen["planned_players"]]
    assert _nodes(seen, "learner") == [seen["planned_learner"]]


def test_replay_learner_and_judge_are_beside_the_driver(seen: dict[str, Any]) -> None:
    for name in ("replay", "learner", "judge"):
        assert _nodes(seen, name) == [seen["driver"]]


def test_a_player_that_plays_alone_asks_the_server_of_its_node_only(seen: dict[str, Any]) -> None:
    servers, players = _nodes(seen, "server"), _nodes(seen, "player")
    assert set(players) == set(servers)
    for player, asked in zip(players, seen["asked"], strict=True):
        assert [server for server, rows in zip(servers, asked, strict=True) if rows] == [player]


def test_each_server_expects_as_many_clients_as_ask_it(seen: dict[str, Any]) -> None:
    players = _nodes(seen, "player")
    expected = [players.count(server) * HALVES for server in _nodes(seen, "server")]
    assert seen["clients"] == expected
    assert expected == [2 * HALVES, 2 * HALVES]


def test_every_actor_has_as_many_threads_as_its_settings_give_it(seen: dict[str, Any]) -> None:
    for name, found in seen["actors"].items():
        threads = LEARNER_THREADS if name == "learner" else 1
        assert set(found["threads"].values()) == {threads}, (name, found["threads"])
        assert not found["has_numba_threads"], name


def _nodes(seen: dict[str, Any], prefix: str) -> list[str]:
    return [found["node"] for name, found in seen["actors"].items() if name.startswith(prefix)]
