"""What a run asks its cluster for, and how long it waits."""

import json
import time
from typing import Any

import pytest
from ray.autoscaler._private.constants import AUTOSCALER_RESOURCE_REQUEST_CHANNEL
from ray.autoscaler.v2.utils import is_autoscaler_v2
from ray.experimental.internal_kv import _internal_kv_get

from hexray import nodes
from hexray.config import RunConfig, with_overrides
from hexray.errors import NodesMissing, SettingsError
from hexray.nodes import gather_nodes
from hexray.presets import quick

pytestmark = pytest.mark.ray


def _config(**cluster: Any) -> RunConfig:
    changes = {"cluster": {"address": "auto", "wait_minutes": 0, **cluster}}
    return with_overrides(quick(3), changes)


def _asked() -> Any:
    """Return what Ray's autoscaler is asked for at this moment."""
    assert not is_autoscaler_v2()
    return json.loads(_internal_kv_get(AUTOSCALER_RESOURCE_REQUEST_CHANNEL) or "null")


def test_a_run_that_fits_asks_for_nothing(ray_here: None) -> None:
    said: list[str] = []
    before = _asked()
    gather_nodes(_config(), said.append, lambda: False)
    assert (said, _asked()) == ([], before)


def test_ray_on_this_machine_needs_no_nodes(ray_here: None) -> None:
    config = with_overrides(quick(3), {"selfplay": {"players": 500}})
    gather_nodes(config, pytest.fail, lambda: pytest.fail("it waits"))


def test_what_is_missing_is_asked_for_told_and_taken_back(ray_here: None) -> None:
    said: list[str] = []
    asked: list[Any] = []

    def note(text: str) -> None:
        said.append(text)
        asked.append(_asked())

    config = _config(gpus=2, wait_minutes=0.02)
    with pytest.raises(NodesMissing, match=r"cluster\.gpus = 2, the cluster has 0, and after 0.02"):
        gather_nodes(config, note, lambda: False)
    assert len(said) == 1
    assert said[0].endswith("at most 0 more minutes: cluster.gpus = 2, the cluster has 0")
    players = [{"CPU": 1}] * 2 * config.selfplay.players
    servers_and_learner = [{"CPU": 1, "GPU": 0.5}] * 3
    assert asked == [[*servers_and_learner, *players]]
    assert _asked() == []


def test_too_few_cpus_are_waited_for_too(ray_here: None) -> None:
    config = with_overrides(_config(), {"selfplay": {"players": 500}})
    with pytest.raises(NodesMissing, match=r"selfplay\.players 500\) .* need 502 CPUs"):
        gather_nodes(config, lambda _: None, lambda: False)


def test_the_wait_ends_when_the_nodes_are_there(
    ray_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus = iter([0, 0, 1, 1, 2])
    monkeypatch.setattr(nodes.ray, "cluster_resources", lambda: {"GPU": next(gpus)})
    monkeypatch.setattr(nodes, "_POLL_S", 0.0)
    monkeypatch.setattr(nodes, "plan", lambda _: None)
    said: list[str] = []
    gather_nodes(_config(gpus=2, wait_minutes=1), said.append, lambda: False)
    assert [text.rsplit(" ", 1)[1] for text in said[:2]] == ["0", "1"]
    assert said[2:] == ["the nodes are there after 0 s"]
    assert _asked() == []


def test_a_signal_ends_the_wait(ray_here: None) -> None:
    begun = time.monotonic()
    said: list[str] = []
    gather_nodes(_config(gpus=2, wait_minutes=60), said.append, lambda: True)
    assert time.monotonic() - begun < 30
    assert (said, _asked()) == ([], [])


def test_gpus_that_nobody_could_use_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"cluster\.gpus 3 is more than one for each"):
        with_overrides(_config(gpus=3), {"inference": {"servers": 1}})


def test_gpus_that_cannot_be_shared_are_refused_at_once(ray_here: None) -> None:
    config = with_overrides(_config(gpus=1, wait_minutes=60), {"inference": {"servers": 3}})
    with pytest.raises(SettingsError, match=r"3 servers and a learner need 2\.0 GPUs, there are 1"):
        gather_nodes(config, pytest.fail, lambda: pytest.fail("it waits"))
