"""Ray's side of a run: start it, place processes on its nodes, call them, and fetch answers.

An actor is placed first and built by a call, then opened. When its process dies, Ray begins a new
one behind the same handle, which waits to be built and opened again. An actor at rest can be
vacated, so that another one is built in its process.
"""

import asyncio
import gc
import inspect
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray.exceptions import (
    GetTimeoutError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
)
from ray.util.scheduling_strategies import (
    NodeAffinitySchedulingStrategy,
    PlacementGroupSchedulingStrategy,
)

from hexray.config import RunConfig
from hexray.errors import ActorSilent, HexrayError, SettingsError
from hexray.evaluation import LIVE, EvaluateAsync, Evaluation, Leaves
from hexray.placement import wanted_by
from hexray.usage import own_usage

FETCH_SECONDS = 900.0
_INLINE_BYTES = 90_000
"""Messages above 100 KB go through the object store, which costs three times as much."""
_WAIT = frozenset({"evaluate", "append", "sample", "sample_both", "newest_version"})
"""Methods that wait until a new process is open: pure or idempotent, and for players vital."""
_APART = {"publish": 2}
"""Methods whose results travel apart, so that one can be fetched without the other."""


class NotBuilt(Exception):
    """The process of an actor died a moment ago, and the new one does not know yet who it is."""


LOST = (RayActorError, ObjectLostError, OutOfMemoryError, NotBuilt)
"""What a call ends with when a process died that it needed."""


@contextmanager
def ray_session(config: RunConfig) -> Iterator[str]:
    """Start Ray on this machine, or join the cluster at ``cluster.address``, for a while.

    Gives where the dashboard listens, ``host:port``, or an empty text if there is none. Raises
    SettingsError before anything is started where anybody could reach its dashboard.
    """
    settings = config.cluster
    # Its advice to turn authentication off is not what a user should read first.
    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)
    if settings.address is None:
        _check_dashboard(settings.dashboard_host)
        session = ray.init(
            address="local",  # without it, Ray joins a cluster that runs here or in RAY_ADDRESS
            num_cpus=max(os.cpu_count() or 1, wanted_by(config).cpus),
            include_dashboard=settings.dashboard,
            dashboard_host=settings.dashboard_host,
            object_store_memory=settings.object_store_mb * 1024**2,
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
    else:
        session = ray.init(
            address=settings.address, log_to_driver=False, logging_level=logging.WARNING
        )
    try:
        _protect_token(Path.home() / ".ray" / "auth_token")
        yield session.dashboard_url or ""
    finally:
        ray.shutdown()


def _check_dashboard(host: str) -> None:
    """Refuse a dashboard that others can reach without a token: who reaches it runs code here."""
    try:
        is_own = ip_address(host).is_loopback
    except ValueError as error:
        raise SettingsError(
            f"cluster.dashboard_host = {host}: not an address such as 127.0.0.1"
        ) from error
    # Ray takes a token for a session of its own, unless told otherwise.
    if not is_own and os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        raise SettingsError(
            f"cluster.dashboard_host = {host} lets others reach Ray's dashboard, and RAY_AUTH_MODE "
            "turns its token off, so that they could run code here; unset RAY_AUTH_MODE, or leave "
            "cluster.dashboard_host at 127.0.0.1 and reach it through ssh -L"
        )


def _protect_token(token: Path) -> None:
    """Ray writes its token readable for all; let its owner alone read it."""
    if token.exists():
        token.chmod(0o600)


def here() -> str:
    """Return the node of this process."""
    return ray.get_runtime_context().get_node_id()


def remote_evaluate(server: Any, batch_rows: int, slot: int = LIVE) -> EvaluateAsync:
    """Evaluate leaves on a server, in messages that travel inline and fit into its batches.

    A few rows cost a message as many do, so the messages are of equal size.
    """

    async def evaluate(leaves: Leaves) -> Evaluation:
        most = min(_INLINE_BYTES // (2 * leaves.cells.shape[1] + 4), batch_rows)
        messages = np.array_split(leaves.cells, -(-len(leaves.cells) // most))
        parts = await asyncio.gather(
            *(server.evaluate.remote(cells, leaves.size, slot) for cells in messages)
        )
        return parts[0] if len(parts) == 1 else _join(parts)

    return evaluate


def _join(parts: list[Evaluation]) -> Evaluation:
    return Evaluation(
        logits=np.concatenate([part.logits for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        version=min(part.version for part in parts),
    )


def fetch(ref: Any, limit_s: float = FETCH_SECONDS) -> Any:
    """Wait for what an actor call returns (or a list of them).

    An error of hexray's own, or of the system's, is raised as it was raised there, any other
    with Ray's traceback; one of ``LOST`` when the process died. Raises ActorSilent after
    ``limit_s`` seconds.
    """
    try:
        return ray.get(ref, timeout=limit_s)
    except GetTimeoutError as error:
        raise ActorSilent(
            f"no answer within {limit_s:.0f} s from a process of this run; look for one that is "
            "stopped or waits for a disk, then give the same command again"
        ) from error
    except RayTaskError as error:
        if isinstance(error.cause, (HexrayError, OSError)):
            raise error.cause from error
        raise


def memory_limit() -> float:
    """Return the percent of the machine's memory in use from which on Ray ends processes."""
    named = "RAY_memory_usage_threshold"  # Ray's own setting
    return 100 * float(os.environ.get(named, "0.95"))


def place_actor(body: type, name: str, node: str, *, num_cpus: int = 0, num_gpus: float = 0) -> Any:
    """Start a process for an actor on ``node``; build, then open it.

    When that node is gone it comes up on another, unless it takes no CPU: then it belongs there.
    Within a placement group it takes what that has reserved.
    A call whose message is lost is asked again, so that it may be carried out twice. When the
    process dies, another takes its place behind the handle. Calls of ``_WAIT`` that were not
    answered wait for that one to be open; other calls end with an error of ``LOST``. ``beat`` and
    ``usage`` are answered also while the actor works.
    """
    remote: Any = ray.remote
    actor = remote(concurrency_groups={"control": 1})(_built_by_call(body))
    group = ray.util.get_current_placement_group()
    there: Any = NodeAffinitySchedulingStrategy(node, soft=num_cpus > 0)
    if group is not None:
        there = PlacementGroupSchedulingStrategy(group)
    return actor.options(
        name=name,
        num_cpus=num_cpus,
        num_gpus=num_gpus,
        scheduling_strategy=there,
        max_restarts=-1,
        max_task_retries=-1,
    ).remote()


def end_actors(actors: Iterable[Any]) -> None:
    """End the processes of actors for good."""
    for actor in actors:
        ray.kill(actor)


def _built_by_call(body: type) -> type:
    """Move the constructor into a method: Ray keeps the class of errors of calls only."""

    class Built:
        def __init__(self) -> None:
            """Wait for ``build``."""
            self._body: Any = None
            self._life: int | None = None
            self._opened, self._busy = asyncio.Event(), 0

        # Asked again for ever, what kills its process would be tried for ever, unseen.
        @ray.method(max_task_retries=1)
        def build(self, life: int, *arguments: Any) -> None:
            """Construct the actor, once in a process; ``life`` counts its processes."""
            if self._life is None:
                self._body, self._life = body(*arguments), life
            elif self._life != life:
                raise NotBuilt(f"this process is life {self._life}, and a new one was to be {life}")

        def open(self) -> None:
            """Answer from now on what a process that died has left unanswered."""
            _body_of(self)
            self._opened.set()

        def vacate(self) -> bool:
            """Forget the actor, so that another can be built; False while it is at work."""
            if self._busy:
                return False
            if hasattr(self._body, "close"):
                self._body.close()
            self._body = self._life = None
            self._opened = asyncio.Event()
            gc.collect()
            return True

        @ray.method(concurrency_group="control")
        def beat(self) -> tuple[bool, str]:
            """Give a sign of life: whether the actor is open, and the node on which it is."""
            return self._opened.is_set(), here()

        @ray.method(concurrency_group="control")
        def usage(self) -> dict[str, float]:
            """Return the usage of this process, and the CPU time ``spent`` by purpose."""
            return {**own_usage()._asdict(), **getattr(self._body, "spent", {})}

    Built.__name__ = Built.__qualname__ = body.__name__.lstrip("_").removesuffix("Actor")
    for name, method in inspect.getmembers(body, inspect.isfunction):
        if not name.startswith("_"):
            setattr(Built, name, _guarded(name, method))
    return Built


def _guarded(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of a new process wait until it is open, or refuse while it is not built."""

    async def waiting(self: Any, *arguments: Any) -> Any:
        self._busy += 1
        try:
            if name in _WAIT:
                await self._opened.wait()
            return await method(_body_of(self), *arguments)
        finally:
            self._busy -= 1

    def at_once(self: Any, *arguments: Any) -> Any:
        return method(_body_of(self), *arguments)

    guarded: Any = waiting if inspect.iscoroutinefunction(method) else at_once
    # Ray looks at what is wrapped, so this must not stand on a ``functools.wraps``.
    return ray.method(num_returns=_APART.get(name, 1))(guarded)


def _body_of(actor: Any) -> Any:
    if actor._body is None:
        raise NotBuilt(f"{type(actor).__name__} began anew and waits to be built")
    return actor._body
