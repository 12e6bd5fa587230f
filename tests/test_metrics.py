"""metrics.jsonl and TensorBoard: what is written, what survives a crash, what is refused."""

import json
import math
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hexray.errors import FileFormatError, TrainingError
from hexray.metrics import MetricsWriter, read_metrics


def test_each_write_is_on_disk_at_once_as_one_json_line(tmp_path: Path) -> None:
    with closing(MetricsWriter(tmp_path)) as metrics:
        metrics.write(30.0, {"games": 64, "learner/value_loss": 0.5})
        assert (tmp_path / "metrics.jsonl").read_text() == (
            '{"trained_s": 30.0, "minutes": 0.5, "games": 64, "learner/value_loss": 0.5}\n'
        )


def test_numpy_numbers_are_written_as_plain_ones(tmp_path: Path) -> None:
    with closing(MetricsWriter(tmp_path)) as metrics:
        metrics.write(1.0, {"rows": np.int64(7), "loss": np.float32(0.25)})
    assert read_metrics(tmp_path / "metrics.jsonl")[0]["rows"] == 7
    assert read_metrics(tmp_path / "metrics.jsonl")[0]["loss"] == 0.25


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_a_value_that_is_not_finite_is_refused_by_name_and_nothing_is_written(
    tmp_path: Path, value: float
) -> None:
    with (
        closing(MetricsWriter(tmp_path)) as metrics,
        pytest.raises(TrainingError, match="learner/policy_loss"),
    ):
        metrics.write(2.0, {"games": 1, "learner/policy_loss": value})
    assert read_metrics(tmp_path / "metrics.jsonl") == []


def test_the_time_of_a_line_is_the_step_whatever_the_values_say(tmp_path: Path) -> None:
    with closing(MetricsWriter(tmp_path)) as metrics:
        metrics.write(60.0, {"trained_s": 1.0, "minutes": 9.0})
    assert read_metrics(tmp_path / "metrics.jsonl") == [{"trained_s": 60.0, "minutes": 1.0}]


def test_a_second_writer_appends(tmp_path: Path) -> None:
    for step in (1.0, 2.0):
        with closing(MetricsWriter(tmp_path)) as metrics:
            metrics.write(step, {"games": step})
    assert [line["games"] for line in read_metrics(tmp_path / "metrics.jsonl")] == [1, 2]


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_line_cut_by_a_crash_is_left_out_and_does_not_spoil_the_next(
    tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "metrics.jsonl"
    with closing(MetricsWriter(tmp_path)) as metrics:
        metrics.write(1.0, {"games": 1})
        metrics.write(2.0, {"games": 2})
    path.write_bytes(path.read_bytes()[:-cut])
    assert [line["games"] for line in read_metrics(path)] == [1]
    with closing(MetricsWriter(tmp_path)) as metrics:
        metrics.write(3.0, {"games": 3})
    assert [line["games"] for line in read_metrics(path)] == [1, 3]


@pytest.mark.parametrize("bad", [b'{"games": ', b"[1]", b'{"a": NaN}', b"\xff\xfe", b"", b"7"])
def test_a_bad_line_before_the_last_is_refused_with_file_and_line(
    tmp_path: Path, bad: bytes
) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"games": 1}\n' + bad + b'\n{"games": 2}\n')
    with pytest.raises(FileFormatError, match=r"metrics\.jsonl:2:\d+: "):
        read_metrics(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"metrics\.jsonl"):
        read_metrics(tmp_path / "metrics.jsonl")


def test_every_value_reaches_tensorboard(tmp_path: Path) -> None:
    with closing(MetricsWriter(tmp_path)) as metrics:
        metrics.write(12.0, {"learner/policy_loss": 1.5})
    [events] = (tmp_path / "tensorboard").iterdir()
    assert b"learner/policy_loss" in events.read_bytes()


def test_a_line_is_read_by_any_json_parser(tmp_path: Path) -> None:
    with closing(MetricsWriter(tmp_path)) as metrics:
        metrics.write(1.0, {'a "quoted" key\n': 1e-30})
    assert json.loads((tmp_path / "metrics.jsonl").read_text())['a "quoted" key\n'] == 1e-30
