"""The curves of runs: each rule finds its own defect, and nothing is found where all is well."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_log import LINES, Curves, healthy, write_log

from hexray.cli.probe_looking import curves as probe_curves
from hexray.errors import FileFormatError, SettingsError
from hexray.probes.curve_rules import named
from hexray.probes.curves import RULES, judge_run, read_run

PART = np.linspace(0, 1, LINES)


def setting(**changes: np.ndarray) -> Callable[[Curves], Curves]:
    names = {name.replace("__", "/"): curve for name, curve in changes.items()}
    return lambda curves: {**curves, **names}


def with_nan(curves: Curves) -> Curves:
    losses = curves["learner/loss"].copy()
    losses[150] = np.nan
    return {**curves, "learner/loss": losses}


def learned_by_heart(curves: Curves) -> Curves:
    rising = 1.1 + 1.2 * np.exp(-8 * PART) + 0.4 * PART
    falling = 1.1 + 1.2 * np.exp(-6 * PART) - 0.3 * PART
    return {**curves, "held_out/policy_loss": rising, "learner/policy_loss": falling}


def full(value: float) -> np.ndarray:
    return np.full(LINES, value)


DEFECTS = [
    ("losses finite", with_nan),
    ("losses finite", setting(learner__faults=np.ones(3))),
    ("value loss", setting(learner__value_loss=full(0.69))),
    ("value loss", setting(learner__value_loss=full(0.45))),
    ("policy loss", setting(learner__policy_loss=full(3.1))),
    ("learning rate", setting(learner__learning_rate=full(2e-3))),
    ("gradient norms", setting(learner__grad_norm=full(40.0))),
    ("gradient norms", setting(learner__grad_norm=0.02 * np.exp(5 * PART))),
    ("gradient norms", setting(learner__grad_norm=np.exp(-9 * PART))),
    ("held-out gap", setting(held_out__gap=0.2 * PART)),
    ("held-out policy", learned_by_heart),
    ("calibration", setting(held_out__ece=0.05 + 0.2 * PART)),
    ("solved positions", setting(solved__winner_accuracy=0.99 - 0.2 * PART)),
    ("solved positions", setting(solved__move_accuracy=0.99 - 0.2 * PART)),
    ("stale players", setting(lag_rows=full(100_000.0))),
    ("batch fill", setting(batch_fill=full(0.02))),
    ("players wait", setting(**{"in_flight__play": (np.arange(LINES) % 5 == 0).astype(float)})),
    ("learner waits", setting(positions=2e6 * PART / 8 + 1)),
    ("guard", setting(guard__level=(np.arange(LINES) % 3 == 0).astype(float))),
]


def test_every_rule_has_a_planted_defect() -> None:
    assert {name for name, _ in DEFECTS} == set(RULES)


@pytest.mark.parametrize(("rule", "plant"), DEFECTS)
def test_a_planted_defect_triggers_its_own_rule_only(
    rule: str, plant: Callable[[Curves], Curves], tmp_path: Path
) -> None:
    finding, found = judge_run(read_run(write_log(tmp_path / "run", plant(healthy()))))
    assert named(found, "warning") == [rule]
    assert not finding.is_sound
    assert finding.verdict == f"1 warning: {rule}"
    assert RULES[rule].advice in finding.sentence


@pytest.mark.parametrize("seed", range(20))
def test_a_run_that_goes_well_triggers_none(seed: int, tmp_path: Path) -> None:
    finding, found = judge_run(read_run(write_log(tmp_path / "run", healthy(seed))))
    assert [each for each in found if each.state != "fine"] == []
    assert (finding.verdict, finding.is_sound) == ("no warning", True)


def test_what_is_too_short_is_not_called_fine(tmp_path: Path) -> None:
    short = {name: curve[:4] for name, curve in healthy().items()}
    finding, found = judge_run(read_run(write_log(tmp_path / "run", short)))
    assert (finding.verdict, finding.is_sound) == ("too short to judge", False)
    assert "4 of 40 measurements of learner/value_loss" in finding.sentence
    assert named(found, "fine") == ["losses finite"]


@pytest.mark.parametrize("name", sorted({rule.curves[0] for rule in RULES.values()}))
def test_a_curve_that_is_missing_is_not_called_fine(name: str, tmp_path: Path) -> None:
    rest = {other: curve for other, curve in healthy().items() if other != name}
    finding, found = judge_run(read_run(write_log(tmp_path / "run", rest)))
    assert not finding.is_sound
    assert f"no measurement of {name}" in finding.sentence
    assert named(found, "warning") == []


def test_what_settings_leave_out_is_said_and_no_fault(tmp_path: Path) -> None:
    rest = {name: curve for name, curve in healthy().items() if not name.startswith("held_out")}
    run = write_log(tmp_path / "run", rest, {"replay": {"held_out": 0.0}})
    finding, found = judge_run(read_run(run))
    assert named(found, "off") == ["held-out gap", "held-out policy", "calibration"]
    assert finding.is_sound
    assert "left out: held-out gap (replay.held_out is 0)" in finding.sentence


def test_a_learning_rate_that_is_not_due_to_fall_yet_is_fine(tmp_path: Path) -> None:
    early = {name: curve[: LINES // 2] for name, curve in healthy().items()}
    early["learner/learning_rate"] = np.full(LINES // 2, 2e-3)
    _, found = judge_run(read_run(write_log(tmp_path / "run", early)))
    assert "learning rate" in named(found, "fine")


def test_settings_that_never_let_the_rate_fall_are_named_at_the_end(tmp_path: Path) -> None:
    flat = healthy() | {"learner/learning_rate": np.full(LINES, 2e-3)}
    run = write_log(tmp_path / "run", flat, {"learner": {"decay_from": 1.0}})
    assert named(judge_run(read_run(run))[1], "warning") == ["learning rate"]


def test_only_the_board_of_now_is_judged(tmp_path: Path) -> None:
    curves = healthy()
    curves["board"][:120] = 5
    curves["learner/value_loss"][:120] = np.nan
    _, found = judge_run(read_run(write_log(tmp_path / "run", curves)))
    assert named(found, "warning") == []


def test_the_command_writes_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_log(tmp_path / "run", with_nan(healthy()))
    assert probe_curves(run, results=tmp_path / "results", json_output=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "1 warning: losses finite"
    assert (Path(said["folder"]) / "picture.png").read_bytes()[:4] == b"\x89PNG"
    assert json.loads((Path(said["folder"]) / "results.json").read_text())["verdict"] in (
        said["verdict"],
    )


def test_bad_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"settings\.yaml"):
        read_run(tmp_path)
    run = write_log(tmp_path / "run", healthy())
    with (run / "metrics.jsonl").open("a") as file:
        file.write("{broken\n")
    with pytest.raises(FileFormatError, match=rf"metrics\.jsonl:{LINES + 1}:"):
        read_run(run)
