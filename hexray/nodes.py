"""The nodes of a cluster: which there are, and those that a run needs, asked for and waited for.

A cluster may be a head alone that grows when somebody asks. By itself Ray asks for what it cannot
place; a run places its processes on nodes that are there, so it asks before.
"""

import time
from collections.abc import Callable

import ray
from ray.autoscaler.sdk import request_resources

from hexray.cluster import here
from hexray.config import RunConfig
from hexray.errors import NodesMissing, SettingsError
from hexray.placement import Node, Placement, Wanted, gpu_share, lay_out_run, wanted_by

_KINDS = ("CPU", "GPU")
_POLL_S = 1.0
_REMIND_S = 60.0


def plan(config: RunConfig) -> Placement:
    """Lay the processes of a run over the nodes that it may use, the driver's own first.

    Raises SettingsError for what Ray would wait for without a word.
    """
    return lay_out_run(nodes_alive(), config)


def nodes_alive() -> list[Node]:
    """Return the nodes that this process may use, its own first: all that are alive.

    A trial has what is reserved for it and no more.
    """
    driver, group = here(), ray.util.get_current_placement_group()
    if group is not None:
        given = [sum(bundle.get(kind, 0) for bundle in group.bundle_specs) for kind in _KINDS]
        return [Node(driver, *map(int, given))]
    nodes = [
        Node(node["NodeID"], *(int(node["Resources"].get(kind, 0)) for kind in _KINDS))
        for node in ray.nodes()
        if node["Alive"]
    ]
    return sorted(nodes, key=lambda node: (node.id != driver, node.id))


def gather_nodes(
    config: RunConfig, note: Callable[[str], None], is_ended: Callable[[], bool]
) -> None:
    """Wait until a run fits on the nodes of the cluster at ``cluster.address``.

    An autoscaler is asked for them, ``note`` is told what is missing, and ``is_ended`` ends the
    wait. What was asked is taken back in the end, so that idle nodes may go once the run is over,
    whatever has become of it. Raises NodesMissing after ``cluster.wait_minutes``, and SettingsError
    when ``cluster.gpus`` cannot be shared.
    """
    if config.cluster.address is None or (lack := _lack(config)) is None:
        return
    begun = time.monotonic()
    try:
        request_nodes(config)
        _wait(config, note, is_ended, lack)
    finally:
        request_nodes(None)
    if not is_ended():
        note(f"the nodes are there after {time.monotonic() - begun:.0f} s")


def bundles(wanted: Wanted, gpus: int) -> list[dict[str, float]]:
    """Return what each process takes, as Ray's autoscaler is asked for it, with ``gpus`` in all.

    Raises SettingsError when so many GPUs are not enough.
    """
    share = gpu_share(gpus, wanted.servers)
    on_gpu = {"GPU": share} if share else {}
    server, learner = wanted.server_cpus, wanted.learner_cpus
    return [
        *({"CPU": server, **on_gpu} for _ in range(wanted.servers)),
        {"CPU": learner, **on_gpu},
        *({"CPU": 1} for _ in range(wanted.players)),
    ]


def request_nodes(config: RunConfig | None) -> None:
    """Ask the autoscaler for what a run takes, or take back what was asked.

    Raises SettingsError when ``cluster.gpus`` cannot be shared.
    """
    gpus = 0 if config is None else config.cluster.gpus
    request_resources(bundles=[] if config is None else bundles(wanted_by(config, gpus), gpus))


def _wait(
    config: RunConfig, note: Callable[[str], None], is_ended: Callable[[], bool], lack: str | None
) -> None:
    minutes = config.cluster.wait_minutes
    deadline = time.monotonic() + 60 * minutes
    told, told_at = "", 0.0
    while lack is not None and not is_ended():
        now = time.monotonic()
        if now >= deadline:
            raise NodesMissing(
                f"{lack}, and after {minutes:g} minutes (cluster.wait_minutes) no more nodes have "
                "come; `ray status` on the head tells why, or ask for less"
            )
        if lack != told or now - told_at >= _REMIND_S:
            note(f"waiting for nodes, at most {(deadline - now) / 60:.0f} more minutes: {lack}")
            told, told_at = lack, now
        time.sleep(_POLL_S)
        lack = _lack(config)


def _lack(config: RunConfig) -> str | None:
    """Say what the nodes lack that are there now, nothing when the run fits on them."""
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if gpus < config.cluster.gpus:
        return f"cluster.gpus = {config.cluster.gpus}, the cluster has {gpus}"
    try:
        plan(config)
    except SettingsError as error:
        return str(error)
    return None
