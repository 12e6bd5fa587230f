"""cluster.yaml and its kin, checked without a cloud, as Ray's launcher prepares them."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from architecture import ROOT
from ray.autoscaler._private.util import prepare_config, validate_config

from hexray.nodes import bundles
from hexray.options import parse_run
from hexray.placement import Node, lay_out, wanted_by

CLUSTERS = ("cluster.yaml", "examples/cluster/gcp.yaml", "examples/cluster/own-machines.yaml")
CLOUDS = CLUSTERS[:2]
KUBERNETES = "examples/cluster/kubernetes.yaml"
DOCKERFILE = "examples/cluster/Dockerfile"
PINNED = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
)


def prepared(name: str) -> dict[str, Any]:
    """Return a cluster file as `ray up` would use it, or raise as `ray up` would."""
    config = prepare_config(yaml.safe_load((ROOT / name).read_text()))
    validate_config(config)
    return config


def commands(config: dict[str, Any]) -> list[str]:
    """Return every command that would be run on a node."""
    return [command for key, part in config.items() if key.endswith("commands") for command in part]


def ray_starts(config: dict[str, Any]) -> dict[str, str]:
    found = {}
    for kind in ("head", "worker"):
        [found[kind]] = [c for c in config[f"{kind}_start_ray_commands"] if "ray start" in c]
    return found


@pytest.mark.parametrize("name", CLUSTERS)
def test_ray_accepts_it(name: str) -> None:
    config = prepared(name)
    assert config["cluster_name"] == "hexray"
    assert config["available_node_types"]


@pytest.mark.parametrize("name", CLUSTERS)
def test_nothing_is_left_of_rays_defaults_that_installs_or_opens(name: str) -> None:
    text = yaml.safe_dump(prepared(name))
    for forbidden in ("0.0.0.0", "nightly", ".whl", "ray-wheels", "anaconda", "/opt/conda", "dev0"):
        assert forbidden not in text


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_dashboard_listens_on_the_head_alone(name: str) -> None:
    assert "--dashboard-host=127.0.0.1" in ray_starts(prepared(name))["head"].split()


@pytest.mark.parametrize("name", CLUSTERS)
def test_everything_is_installed_in_the_versions_of_constraints_txt(name: str) -> None:
    config = prepared(name)
    installs = [command for command in commands(config) if "pip install" in command]
    for command in installs:
        words = shlex.split(command)
        assert words[words.index("-c") + 1].endswith("constraints.txt")
    for kind in ("head", "worker"):
        setup = config[f"{kind}_setup_commands"]
        assert any(command.endswith("-c constraints.txt -e .") for command in setup)
    # What is installed by name must have a version there; hexray itself names Ray.
    for word in shlex.split(" ".join(command.split("constraints.txt")[1] for command in installs)):
        assert word in ("-e", ".") or word in PINNED
    assert f'"ray[default,tune]~={PINNED["ray"]}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", CLUSTERS)
def test_every_node_has_the_token_to_itself_and_asks_for_it(name: str) -> None:
    config = prepared(name)
    assert config["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    for kind, start in ray_starts(config).items():
        before, _, _ = start.partition("ray start")
        assert re.search(r"\bexport\b[^;]*\bRAY_AUTH_MODE=token\b", before)
        starts = config[f"{kind}_start_ray_commands"]
        own = starts.index("chmod 600 ~/.ray/auth_token")
        assert own < starts.index(start)
        assert "chmod 700 ~/.ray && chmod 600 ~/.ray/auth_token" in config[f"{kind}_setup_commands"]


@pytest.mark.parametrize("name", CLUSTERS)
def test_only_the_project_travels(name: str) -> None:
    """Ray reads mounted folders whole, whatever is excluded, so that none may hold runs."""
    config = prepared(name)
    assert {"runs", ".venv", ".git", "__pycache__"} <= set(config["rsync_exclude"])
    mounts = {local: remote for remote, local in config["file_mounts"].items()}
    del mounts["~/.ray/auth_token"]
    assert set(mounts) == {"hexray", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    for local, remote in mounts.items():
        assert (ROOT / local).exists()
        assert remote == f"~/hexray/{local}"


def test_the_excluded_names_are_no_part_of_the_package() -> None:
    for name in prepared("cluster.yaml")["rsync_exclude"]:
        if name not in ("__pycache__", "*.pyc"):
            assert not list((ROOT / "hexray").rglob(name)), name


@pytest.mark.parametrize("name", CLOUDS)
def test_machines_with_gpus_come_and_go_and_the_head_takes_none_of_the_work(name: str) -> None:
    config = prepared(name)
    types = config["available_node_types"]
    assert types["head"]["resources"] == {"CPU": 0, "GPU": 0}
    assert {"--num-cpus=0", "--num-gpus=0"} <= set(ray_starts(config)["head"].split())
    assert types["gpu"]["min_workers"] == 0
    assert types["gpu"]["max_workers"] == config["max_workers"] > 0
    assert types["gpu"]["resources"]["GPU"] > 0
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in ray_starts(config)["head"]
    assert config["idle_timeout_minutes"] > 0


@pytest.mark.parametrize("name", [*CLUSTERS, KUBERNETES])
def test_what_belongs_to_the_user_is_marked(name: str) -> None:
    """A line with a made-up name, address or size bears CHANGE, or follows a comment that does."""
    lines = (ROOT / name).read_text().splitlines()
    made_up = re.compile(
        r"ami-0{8}|fs-0{8}|10\.0\.0\.|192\.168|example\.com|my-project|ssh_user: me"
        r"|InstanceType: g|machineType: g|max_workers|maxReplicas|region:|zone:|storageClassName"
        r"|sourceImage: >-|preemptible: true|MarketType"
    )
    found = 0
    for number, line in enumerate(lines):
        if made_up.search(line) and not line.lstrip().startswith("#"):
            found += 1
            near = lines[max(0, number - 4) : number + 1]
            assert any("CHANGE" in text for text in near), f"{name}:{number + 1}: {line}"
    assert found >= 2


@pytest.mark.parametrize("name", [*CLOUDS, KUBERNETES])
def test_the_run_of_the_page_fits_on_the_most_machines_that_may_come(name: str) -> None:
    """It also asks the autoscaler for no more than these have."""
    _, config = parse_run(_command_of_the_page())
    most, cpus, gpus = _gpu_nodes(name)
    assert config.cluster.address == "auto"
    assert config.cluster.gpus == most * gpus
    nodes = [Node("head", 0, 0), *(Node(f"gpu-{i}", cpus, gpus) for i in range(most))]
    placement = lay_out(nodes, wanted_by(config, config.cluster.gpus))
    homes = {*placement.servers, placement.learner, *(seat.node for seat in placement.players)}
    assert homes == {f"gpu-{i}" for i in range(most)}
    asked = bundles(wanted_by(config, config.cluster.gpus), config.cluster.gpus)
    assert sum(bundle["CPU"] for bundle in asked) <= most * cpus
    assert sum(bundle.get("GPU", 0) for bundle in asked) == most * gpus


def _command_of_the_page() -> list[str]:
    """Return the arguments of the run that docs/cluster.md shows."""
    page = (ROOT / "docs" / "cluster.md").read_text().replace("\\\n", " ")
    [line] = [text for text in page.splitlines() if "--cluster.gpus" in text and "-- " in text]
    words = shlex.split(line.split(" -- ")[1])
    return words[words.index("hexray.loop") + 1 :]


def _gpu_nodes(name: str) -> tuple[int, int, int]:
    """Return how many machines with GPUs may come, and the CPUs and GPUs of each."""
    if name == KUBERNETES:
        [group] = _ray_cluster()["spec"]["workerGroupSpecs"]
        [container] = group["template"]["spec"]["containers"]
        has = container["resources"]["limits"]
        return group["maxReplicas"], int(has["cpu"]), int(has["nvidia.com/gpu"])
    kind = prepared(name)["available_node_types"]["gpu"]
    return kind["max_workers"], kind["resources"]["CPU"], kind["resources"]["GPU"]


def _documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / KUBERNETES).read_text()))


def _ray_cluster() -> dict[str, Any]:
    [found] = [document for document in _documents() if document["kind"] == "RayCluster"]
    return found


def _pods() -> list[dict[str, Any]]:
    spec = _ray_cluster()["spec"]
    return [
        group["template"]["spec"] for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"])
    ]


def test_the_manifest_asks_for_a_token_and_shows_the_dashboard_to_the_pod_alone() -> None:
    cluster = _ray_cluster()
    assert cluster["apiVersion"] == "ray.io/v1"
    assert cluster["spec"]["authOptions"] == {"mode": "token", "secretName": "hexray-token"}
    head = cluster["spec"]["headGroupSpec"]
    assert head["rayStartParams"]["dashboard-host"] == "127.0.0.1"
    assert head["serviceType"] == "ClusterIP"
    assert "0.0.0.0" not in (ROOT / KUBERNETES).read_text()
    # No secret in the file: the page makes it from the token on one's own machine.
    assert "Secret" not in {document["kind"] for document in _documents()}
    assert "kubectl create secret generic hexray-token" in (ROOT / "docs/cluster.md").read_text()


def test_the_manifest_has_the_fields_that_the_operator_requires() -> None:
    spec = _ray_cluster()["spec"]
    assert spec["enableInTreeAutoscaling"] is True
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    for group in spec["workerGroupSpecs"]:
        assert {"groupName", "replicas", "minReplicas", "maxReplicas"} <= set(group)
        assert group["minReplicas"] == group["replicas"] == 0
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    assert all(isinstance(v, str) for v in spec["headGroupSpec"]["rayStartParams"].values())
    for pod in _pods():
        volumes = {volume["name"] for volume in pod["volumes"]}
        [container] = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
        assert container["resources"]["requests"] == container["resources"]["limits"]


def test_every_pod_shares_the_run_folder() -> None:
    [claim] = [each for each in _documents() if each["kind"] == "PersistentVolumeClaim"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for pod in _pods():
        [claimed] = [v for v in pod["volumes"] if "persistentVolumeClaim" in v]
        assert claimed["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        [mount] = [m for m in pod["containers"][0]["volumeMounts"] if m["name"] == claimed["name"]]
        assert mount["mountPath"] == "/mnt/hexray"


def test_manifest_and_image_have_the_ray_of_constraints_txt() -> None:
    assert _ray_cluster()["spec"]["rayVersion"] == PINNED["ray"]
    dockerfile = (ROOT / DOCKERFILE).read_text()
    assert f"FROM rayproject/ray:{PINNED['ray']}-py311\n" in dockerfile
    assert "pip install -q --no-cache-dir -c constraints.txt -e ." in dockerfile
    images = {pod["containers"][0]["image"] for pod in _pods()}
    assert len(images) == 1


def test_the_run_folder_of_the_page_is_shared_by_all_files() -> None:
    arguments = _command_of_the_page()
    folder = Path(arguments[arguments.index("--run-dir") + 1])
    assert Path("/mnt/hexray") in folder.parents
    for name in CLUSTERS:
        assert any("/mnt/hexray" in command for command in commands(prepared(name)))
