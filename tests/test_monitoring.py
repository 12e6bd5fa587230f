"""The dashboard and the alerts: well formed, about metrics that a run has, and they do fire."""

import json
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml
from monitoring_files import DASHBOARD, FOLDER, RULES, Asked, everything_asked, panels, rules
from prometheus_client.parser import text_string_to_metric_families
from training_process import Training

Labels = dict[str, set[str]]


@pytest.mark.parametrize("asked", everything_asked(), ids=lambda asked: asked.where)
def test_every_expression_is_promql(asked: Asked) -> None:
    promql_parser.parse(asked.expr)


def test_the_parser_refuses_what_is_no_promql() -> None:
    with pytest.raises(ValueError, match="unexpected"):
        promql_parser.parse("rate(ray_hexray_games_total[5m")


def test_the_dashboard_is_what_grafana_loads() -> None:
    board = json.loads(DASHBOARD.read_text())
    assert board["uid"] == "hexray"
    assert board["title"]
    assert board["schemaVersion"] >= 36  # from there on data sources are objects
    assert "id" not in board  # Grafana gives its own
    numbers = [panel["id"] for panel in panels()]
    assert len(set(numbers)) == len(numbers)
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)\}?", DASHBOARD.read_text())) - {"__all"} <= variables


def test_panels_lie_side_by_side_and_not_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        box = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(box["x"], box["x"] + box["w"])
            for y in range(box["y"], box["y"] + box["h"])
        }
        assert not cells & taken, panel["title"]
        assert box["x"] + box["w"] <= 24
        taken |= cells


def test_every_panel_says_where_it_reads_and_shows_something() -> None:
    for panel in panels():
        if panel["type"] == "row":
            continue
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        names = [target["refId"] for target in panel["targets"]]
        assert names
        assert len(set(names)) == len(names)


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}


def test_what_is_provisioned_is_where_compose_puts_it() -> None:
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    mounted = dict(
        volume.removesuffix(":ro").rsplit(":", 1)[::-1]
        for service in services.values()
        for volume in service["volumes"]
    )
    provisioning = FOLDER / mounted["/etc/grafana/provisioning"]
    [provider] = yaml.safe_load((provisioning / "dashboards" / "hexray.yml").read_text())[
        "providers"
    ]
    assert (FOLDER / mounted[provider["options"]["path"]] / DASHBOARD.name) == DASHBOARD
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    [listening] = [
        argument.partition("=")[2]
        for argument in services["prometheus"]["command"]
        if argument.startswith("--web.listen-address")
    ]
    assert source["url"] == f"http://{listening}"
    settings = yaml.safe_load((FOLDER / "prometheus" / "prometheus.yml").read_text())
    assert (FOLDER / "prometheus" / settings["rule_files"][0]) == RULES
    [[place]] = [found["files"] for found in settings["scrape_configs"][0]["file_sd_configs"]]
    assert str(Path(place).parent) in mounted


@pytest.mark.process
def test_prometheus_itself_accepts_the_alerts_and_they_fire() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; it comes with Prometheus")
    folder = FOLDER / "prometheus"
    for arguments in (
        ("check", "config", folder / "prometheus.yml"),
        ("test", "rules", Path(__file__).parent / "alerts_test.yml"),
    ):
        done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
def test_without_docker_make_dashboard_says_what_is_missing(tmp_path: Path) -> None:
    for tool in ("make", "sh", "dirname"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        ["make", "dashboard"],
        cwd=FOLDER.parent,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "there is no docker here" in done.stderr


SEEN = (
    "--board=5",  # the smallest with solved positions
    "--minutes=9",
    "--selfplay.players=1",
    "--search.simulations=4",
    "--judge.positions=10",
    "--judge.simulations=0",
    "--judge.final-simulations=0",
    "--guard.mode=dedicated",
    "--guard.disk-warn=99.8",
    "--guard.disk-critical=99.9",
    "--guard.memory-warn=99.8",
    "--guard.memory-critical=99.9",
)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Training]:
    """Train with all that the dashboard shows, and end it whatever happens."""
    run = Training(tmp_path, *SEEN)
    yield run
    if run.process.poll() is None:
        run.process.kill()
        run.finish()


@pytest.mark.process
@pytest.mark.timeout(480)
def test_a_run_answers_prometheus_with_all_that_is_asked(run: Training, tmp_path: Path) -> None:
    targets = tmp_path / "home" / ".cache" / "hexray" / "prometheus"
    run.wait_for(lambda: targets.exists() and list(targets.iterdir()), 120)
    [file] = targets.iterdir()
    [[target]] = [known["targets"] for known in json.loads(file.read_text())]
    missing = {name for asked in everything_asked() for name in asked.metrics}
    assert len(missing) > 40
    start, found = time.monotonic(), {}
    while missing - found.keys() and time.monotonic() - start < 240:
        time.sleep(2)
        assert run.process.poll() is None, run.text()
        found = _scraped(target)
    assert not missing - found.keys()
    for asked in everything_asked():
        for name in asked.metrics:
            assert asked.labels <= found[name], asked.where
    assert f"metrics for Prometheus: http://{target}/metrics" in run.text()
    run.process.send_signal(signal.SIGTERM)
    assert run.finish() == 143
    assert not list(targets.iterdir())


def _scraped(target: str) -> Labels:
    """Return the labels of every metric of hexray that is exported now, by its name."""
    try:
        with urllib.request.urlopen(f"http://{target}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    except OSError:  # busy; it is asked again
        return {}
    labels: Labels = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("ray_hexray_"):
                labels.setdefault(sample.name, set()).update(sample.labels)
    return labels
