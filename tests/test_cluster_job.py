"""A job on a head that cluster.yaml's commands have started, which grows when the job asks.

Machines are pretended by Ray's own provider for tests: each is a node of Ray in processes of this
machine, which says that it has a GPU.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import ray.util
import requests
import yaml
from architecture import ROOT

from hexray.metrics import METRICS_FILE, latest_metrics

pytestmark = [pytest.mark.process, pytest.mark.long, pytest.mark.timeout(900)]

MACHINES, CPUS = 2, 4
"""How many there may be, and what each has beside a GPU; Ray starts a process for each CPU."""
TOKEN = "0123456789abcdef" * 4
RUN = (
    "--board 3 --preset quick --minutes 0.1 --cluster.address auto --cluster.gpus 2 "
    "--selfplay.players 3 --net.blocks 1 --net.channels 8 --inference.precision float32 "
    "--inference.backend eager --learner.precision float32 --learner.backend eager "
    "--judge.match-seconds 0 --guard.mode off"
)


class _Head(NamedTuple):
    folder: Path
    port: int
    dashboard: str
    env: dict[str, str]

    def ray(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Ray's command as a user of this cluster."""
        program = Path(sys.executable).parent / "ray"
        return subprocess.run(
            [program, *arguments],
            env=self.env,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )

    def submit(self, name: str, run: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the loop as a job of that name, in a folder of that name."""
        entry = f"python -m hexray.loop --run-dir {self.folder / name} {run}"
        named = ("--submission-id", name, *options)
        return self.job("submit", *named, "--", *entry.split())

    def job(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.ray("job", verb, "--address", self.dashboard, *arguments)


@pytest.fixture(scope="module")
def head() -> Iterator[_Head]:
    """Start a head with ports, a home, a token and a Ray folder of its own; end what it started."""
    # Sockets lie in the folder, and their paths may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="hexray-", dir="/tmp"))
    try:
        found = _prepare(folder)
        for command in _start_commands(found):
            done = subprocess.run(
                ["bash", "-c", command],
                env=found.env,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        yield found
    finally:
        _end_all_of(folder)
        shutil.rmtree(folder)


def _prepare(folder: Path) -> _Head:
    token = folder / "home" / ".ray" / "auth_token"
    token.parent.mkdir(parents=True)
    token.write_text(TOKEN)
    token.chmod(0o644)
    users = ("OMP_NUM_THREADS", "RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    env = {name: text for name, text in os.environ.items() if name not in users}
    env |= {
        "HOME": str(folder / "home"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RAY_AUTH_MODE": "token",
        "RAY_FAKE_CLUSTER": "1",
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_raylet_start_wait_time_s": "200",  # a busy machine takes its time
    }
    return _Head(folder, _free_port(), f"http://127.0.0.1:{_free_port()}", env)


def _start_commands(head: _Head) -> list[str]:
    """Return the head's commands of cluster.yaml, with other ports, folders and machines."""
    machines = head.folder / "machines.json"
    machines.write_text(json.dumps(_pretended_machines(head.port)))
    replaced = {
        "--port=6379": f"--port={head.port}",
        "--object-manager-port=8076": f"--object-manager-port={_free_port()}",
        "~/ray_bootstrap_config.yaml": str(machines),
    }
    added = (
        f" --temp-dir={head.folder / 'ray'} --dashboard-port={head.dashboard.rsplit(':', 1)[1]}"
        f" --dashboard-agent-listen-port={_free_port()} --metrics-export-port={_free_port()}"
        f" --ray-client-server-port={_free_port()} --object-store-memory=100000000"
    )
    stop, own, start = _cluster()["head_start_ray_commands"]
    assert stop == "ray stop"  # it would end every Ray of this machine
    for before, after in replaced.items():
        assert start.count(before) == 1
        start = start.replace(before, after)
    return [own, start + added]


def _pretended_machines(port: int) -> dict[str, Any]:
    """Return what Ray's provider for tests needs, in the form of cluster.yaml."""
    kind = _cluster()["available_node_types"]["gpu"]
    has = {"CPU": CPUS, "GPU": kind["resources"]["GPU"]}
    gpu = {**kind, "node_config": {}, "resources": has, "max_workers": MACHINES}
    head = {"resources": {}, "node_config": {}, "max_workers": 0}
    commands = re.findall(r"^(\w+_commands):", (ROOT / "cluster.yaml").read_text(), re.MULTILINE)
    return {
        **{name: [] for name in commands},
        "cluster_name": "pretended",
        "provider": {
            "type": "fake_multinode",
            "gcs_address": _address(port),
            "launch_multiple": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
            "use_node_id_as_ip": True,
        },
        "available_node_types": {"ray.head.default": head, "gpu": gpu},
        "head_node_type": "ray.head.default",
        "max_workers": MACHINES,
        "idle_timeout_minutes": 0.5,
        "upscaling_speed": 1.0,
        "auth": {},
        "docker": {},
        "file_mounts": {},
        "cluster_synced_files": [],
    }


def _address(port: int) -> str:
    return f"{ray.util.get_node_ip_address()}:{port}"


def _cluster() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "cluster.yaml").read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_all_of(folder: Path) -> None:
    """End the processes that name the folder on their command line."""
    for _ in range(50):
        found = [
            process
            for process in psutil.process_iter(["cmdline"])
            if str(folder) in " ".join(process.info["cmdline"] or ())
        ]
        if not found:
            return
        for process in found:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.2)
    pytest.fail(f"processes of {folder} do not end")


def test_the_token_belongs_to_its_owner_and_is_asked_for(head: _Head) -> None:
    token = head.folder / "home" / ".ray" / "auth_token"
    assert token.stat().st_mode & 0o777 == 0o600
    address = f"{head.dashboard}/api/jobs/"
    assert requests.get(address, timeout=60).status_code == 401
    with_token = requests.get(address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
    assert with_token.status_code == 200


def test_a_job_gets_the_machines_that_it_asks_for_and_runs_to_its_end(head: _Head) -> None:
    done = head.submit("first", RUN)
    assert done.returncode == 0, done.stdout
    waiting, came = "cluster.gpus = 2, the cluster has 0", "the nodes are there after"
    assert 0 < done.stdout.index(waiting) < done.stdout.index(came)
    assert re.search(r"trained \d+\.\d of 0\.1 minutes", done.stdout), done.stdout
    run = head.folder / "first"
    assert (run / "strength.json").exists()
    assert list(run.glob("checkpoints/*/manifest.json"))
    assert list(run.glob("games/3x3/games-*.parquet"))


def test_an_id_is_for_one_job(head: _Head) -> None:
    again = head.submit("first", RUN)
    assert again.returncode != 0
    assert "already exists" in again.stdout


def test_a_stopped_job_writes_its_results_first(head: _Head) -> None:
    run = head.folder / "stopped"
    begun = head.submit("stopped", RUN.replace("--minutes 0.1", "--minutes 30"), "--no-wait")
    assert begun.returncode == 0, begun.stdout
    deadline = time.monotonic() + 200
    while not latest_metrics(run / METRICS_FILE).get("learner/rows_trained"):
        assert time.monotonic() < deadline, head.job("logs", "stopped").stdout
        time.sleep(0.5)
    stopped = head.job("stop", "stopped")
    assert "was stopped" in stopped.stdout, stopped.stdout
    assert "STOPPED" in head.job("status", "stopped").stdout.upper()
    assert (run / "strength.json").exists(), head.job("logs", "stopped").stdout


def test_what_no_machine_can_have_ends_the_wait_with_a_reason(head: _Head) -> None:
    many = RUN.replace("--cluster.gpus 2", f"--cluster.gpus {MACHINES + 1}")
    done = head.submit("many", f"{many} --inference.servers {MACHINES} --cluster.wait-minutes 0.2")
    assert done.returncode != 0
    assert f"cluster.gpus = {MACHINES + 1}, the cluster has" in done.stdout
    assert "after 0.2 minutes (cluster.wait_minutes)" in done.stdout


def test_machines_go_when_no_run_needs_them(head: _Head) -> None:
    """Nothing is asked of the autoscaler any more, by no run, also not by one that gave up."""
    deadline = time.monotonic() + 240
    while "gpu" in (status := _status(head)).lower():
        assert time.monotonic() < deadline, status
        time.sleep(5)
    assert "request_resources:\n (none)" in status, status


def _status(head: _Head) -> str:
    done = head.ray("status", "--address", _address(head.port))
    assert "Total Usage" in done.stdout, done.stdout
    return done.stdout
