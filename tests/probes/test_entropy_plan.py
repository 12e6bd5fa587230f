"""Settings of the entropy probe, from template and file, and the runs that they ask for."""

from pathlib import Path

import pytest
import yaml

from hexray.errors import SettingsError
from hexray.probes.entropy.plan import (
    KINDS,
    Kind,
    StudySettings,
    read_plan,
    step_settings,
    study_settings,
    tasks_of,
    template,
)
from hexray.probes.entropy.settings import EntropySettings


def of(**values: object) -> StudySettings:
    return study_settings(values, "here")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_template_that_it_can_run(kind: Kind) -> None:
    settings = read_plan(kind, None)
    tasks = tasks_of(kind, settings)
    arms = 2 if kind == "sanity-check" else 1
    assert len(tasks) == arms * settings.runs * len(settings.evaluation_positions)
    assert [task.number for task in tasks] == list(range(1, len(tasks) + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_replaces_what_it_names_and_leaves_the_rest_of_the_template(
    kind: Kind, tmp_path: Path
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("draws: 3\nseed: 9\n")
    ours, theirs = read_plan(kind, file), read_plan(kind, None)
    assert (ours.draws, ours.seed) == (3, 9)
    assert ours.model_copy(update={"draws": theirs.draws, "seed": theirs.seed}) == theirs


def test_the_config_of_an_earlier_probe_is_a_settings_file(tmp_path: Path) -> None:
    settings = read_plan("batch-scaling", None).model_copy(update={"runs": 7})
    file = tmp_path / "config.yaml"
    file.write_text(
        yaml.safe_dump({"probe": "entropy", "settings": settings.model_dump(mode="json")})
    )
    assert read_plan("single", file) == settings


def test_a_mistake_in_a_file_names_file_setting_and_value(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("draws: 0\nevaluation_position: [64]\n")
    with pytest.raises(SettingsError) as error:
        read_plan("single", file)
    assert f"{file}: draws = 0" in str(error.value)
    assert "evaluation_position = [64]" in str(error.value)


def test_a_measurement_gets_all_settings_and_one_number_of_positions() -> None:
    settings = of(evaluation_positions=[16, 32], draws=5, learning_rate=0.25)
    own = step_settings(settings, 32)
    assert own == EntropySettings(evaluation_positions=32, draws=5, learning_rate=0.25)


def test_runs_of_batch_scaling_share_their_update_and_nothing_else() -> None:
    tasks = tasks_of("batch-scaling", of(evaluation_positions=[64, 16, 256], runs=5))
    assert [task.evaluation_positions for task in tasks] == [16] * 5 + [64] * 5 + [256] * 5
    assert len({task.update_seed for task in tasks}) == 1
    assert len({task.evaluation_seed for task in tasks}) == len(tasks)
    assert len({task.seed for task in tasks}) == len(tasks)


def test_sanity_check_has_runs_of_one_update_and_runs_of_their_own() -> None:
    tasks = tasks_of("sanity-check", of(evaluation_positions=[64], runs=30))
    fixed = {task.update_seed for task in tasks if task.arm == "fixed"}
    redrawn = {task.update_seed for task in tasks if task.arm == "redrawn"}
    assert (len(fixed), len(redrawn), len(fixed | redrawn)) == (1, 30, 31)


def test_the_same_seed_gives_the_same_runs_and_another_one_others() -> None:
    one, again, other = (
        tasks_of("sanity-check", of(evaluation_positions=[64], runs=30, seed=seed))
        for seed in (1, 1, 2)
    )
    assert one == again
    assert not {task.seed for task in one} & {task.seed for task in other}


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("batch-scaling", {"evaluation_positions": [64, 128], "runs": 9}, "3 numbers or more"),
        ("batch-scaling", {"evaluation_positions": [64, 80, 90], "runs": 9}, "4 times"),
        ("batch-scaling", {"evaluation_positions": [16, 32, 64], "runs": 4}, "runs 4"),
        ("sanity-check", {"evaluation_positions": [16, 32], "runs": 30}, "takes one number"),
        ("sanity-check", {"evaluation_positions": [16], "runs": 19}, "20 or more"),
        ("single", {"evaluation_positions": [16, 32]}, "takes one number"),
        ("debug", {"runs": 2}, "sanity-check makes many"),
    ],
)
def test_what_a_kind_cannot_answer_is_refused(
    kind: Kind, values: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        tasks_of(kind, of(**values))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"evaluation_positions": []}, "one number or more"),
        ({"evaluation_positions": [8, 8]}, "each once"),
        ({"evaluation_positions": [1]}, "evaluation_positions.0 = 1"),
        ({"evaluation_positions": [600], "update_positions": 500, "rows": 1000}, "rows 1000"),
        ({"name": "../up"}, "name = '../up'"),
        ({"workers": -1}, "workers = -1"),
        ({"runs": True}, "runs = True"),
    ],
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=f"here: .*{said}"):
        of(**values)


def test_templates_are_named_for_their_kinds_and_are_all_there() -> None:
    folder = template("single").parent
    assert {path.stem for path in folder.glob("*.yaml")} >= set(KINDS)
