"""What a run measures as Prometheus names it, and the file that tells Prometheus of a run."""

import json
from pathlib import Path

import pytest
import yaml

from hexray import exported
from hexray.errors import TrainingError
from hexray.exported import Exported, announced, exported_as, targets_folder


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("games", Exported("hexray_games", {}, True)),
        ("evaluations_per_s", Exported("hexray_evaluations_per_s", {}, False)),
        ("trained_s", Exported("hexray_trained_s", {}, False)),
        ("server-3/batch_fill", Exported("hexray_server_batch_fill", {"server": "3"}, False)),
        ("server-12/wait_ms_p99", Exported("hexray_server_wait_ms_p99", {"server": "12"}, False)),
        ("memory_mb/player-1", Exported("hexray_memory_mb", {"actor": "player-1"}, False)),
        ("memory_mb/replay", Exported("hexray_memory_mb", {"actor": "replay"}, False)),
        ("learner/value_loss", Exported("hexray_learner_value_loss", {"board": ""}, False)),
        ("learner/5x5/loss", Exported("hexray_learner_loss", {"board": "5x5"}, False)),
        (
            "learner/11x11/rows_trained",
            Exported("hexray_learner_rows_trained", {"board": "11x11"}, True),
        ),
        (
            "solved/6x6/move_accuracy",
            Exported("hexray_solved_move_accuracy", {"board": "6x6"}, False),
        ),
        ("solved/move_accuracy", Exported("hexray_solved_move_accuracy", {"board": ""}, False)),
        ("held_out/ece/opening", Exported("hexray_held_out_ece_opening", {}, False)),
        ("cpu_s/search", Exported("hexray_cpu_s_search", {}, True)),
        ("in_flight/play", Exported("hexray_in_flight_play", {}, False)),
        ("actors/deaths", Exported("hexray_actors_deaths", {}, True)),
        ("alarm/gap", Exported("hexray_alarm_gap", {}, False)),
        ("player/strange-name", Exported("hexray_player_strange_name", {}, False)),
    ],
)
def test_a_name_of_the_metrics_has_one_outside(name: str, outside: Exported) -> None:
    assert exported_as(name) == outside


class _Heard:
    """A gauge or a counter that remembers what it was told."""

    told: dict[tuple[str, ...], list[float]]

    def __init__(self, name: str, description: str, tag_keys: tuple[str, ...]) -> None:
        self._name, self._keys = name, tag_keys

    def _tell(self, value: float, tags: dict[str, str]) -> None:
        assert tuple(tags) == self._keys
        self.told.setdefault((self._name, *tags.values()), []).append(value)


class _Gauge(_Heard):
    def set(self, value: float, tags: dict[str, str]) -> None:
        self._tell(value, tags)


class _Counter(_Heard):
    def inc(self, value: float, tags: dict[str, str]) -> None:
        assert value > 0  # Ray refuses others
        self._tell(value, tags)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, ...], list[float]]:
    told: dict[tuple[str, ...], list[float]] = {}
    monkeypatch.setattr(_Heard, "told", told, raising=False)
    monkeypatch.setattr(exported, "Gauge", _Gauge)
    monkeypatch.setattr(exported, "Counter", _Counter)
    return told


def test_gauges_are_set_again_and_counters_grow_by_what_is_new(
    told: dict[tuple[str, ...], list[float]],
) -> None:
    tell = exported.Exporter("mine")
    tell(1.0, {"games": 10, "server-1/batch_fill": 0.5})
    tell(2.0, {"games": 10})
    tell(3.0, {"games": 14})
    assert told["hexray_games", "mine"] == [10, 4]
    assert told["hexray_server_batch_fill", "mine", "1"] == [0.5, 0.5, 0.5]
    assert told["hexray_trained_s", "mine"] == [0, 1, 2, 3]


def test_a_counter_that_begins_anew_goes_on_from_where_it_fell(
    told: dict[tuple[str, ...], list[float]],
) -> None:
    tell = exported.Exporter("mine")
    for rows in (100, 300, 200, 250):
        tell(1.0, {"learner/rows_trained": rows})
    assert told["hexray_learner_rows_trained", "mine", ""] == [100, 200, 50]


def test_what_has_not_happened_yet_is_there_so_that_its_first_time_is_an_increase(
    told: dict[tuple[str, ...], list[float]],
) -> None:
    tell = exported.Exporter("mine")
    [first] = told["hexray_actors_deaths", "mine"]
    assert first > 0
    assert first + 1 == 1
    tell(1.0, {"actors/deaths": 1, "actors/down": 1})
    assert sum(told["hexray_actors_deaths", "mine"]) == 1
    assert told["hexray_actors_down", "mine"] == [0, 1]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(exported, "scrape_target", lambda: "127.0.0.1:4711")
    return tmp_path


def test_prometheus_finds_a_run_where_its_settings_look_while_it_goes_on(home: Path) -> None:
    settings = Path(__file__).parent.parent / "monitoring" / "prometheus" / "prometheus.yml"
    [job] = yaml.safe_load(settings.read_text())["scrape_configs"]
    [[place]] = [found["files"] for found in job["file_sd_configs"]]
    with announced(Path("runs/five"), "abc") as target:
        assert target == "127.0.0.1:4711"
        [file] = (home / ".cache" / "hexray" / "prometheus").iterdir()
        assert file.match(Path(place).name)
        assert json.loads(file.read_text()) == [
            {"targets": ["127.0.0.1:4711"], "labels": {"run": "five"}}
        ]
    assert not list(targets_folder().iterdir())


def test_a_run_that_fails_stays_announced(home: Path) -> None:
    with pytest.raises(TrainingError), announced(Path("runs/five"), "abc"):
        raise TrainingError("it is of no use")
    assert len(list(targets_folder().iterdir())) == 1


def test_nothing_is_announced_where_ray_does_not_answer(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exported, "scrape_target", lambda: "")
    with announced(Path("runs/five"), "abc"):
        assert not targets_folder().exists()
