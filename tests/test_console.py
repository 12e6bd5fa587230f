"""What a run shows: one line at a time without a terminal, a table redrawn in place on one."""

import io
import math
import os
import sys

import pytest
import rich.console

from hexray.console import Console, status_line, status_table

FULL = {
    "games": 12345,
    "positions": 345678,
    "evaluations_per_s": 28123.4,
    "batch_fill": 0.873,
    "window_rows": 200000,
    "version": 97,
    "learner/policy_loss": 1.2345,
    "learner/value_loss": 0.4321,
    "learner/learning_rate": 1.93e-3,
    "solved/winner_accuracy": 0.978,
    "solved/move_accuracy": 0.9934,
    "trained_s": 72.3,
    "left_s": 3707.7,
}
SHOWN = ["12,345", "345,678", "28,123", "87%", "200,000", "97", "1.234", "0.432", "1.9e-03"]
SHOWN += ["97.8%", "99.3%", "1:12", "1:20:00"]


class Screen:
    """A console under test with a clock set by hand and the text it has written."""

    def __init__(self, is_terminal: bool, width: int = 80) -> None:
        self.now_s = 0.0
        self.file = io.StringIO()
        out = rich.console.Console(
            file=self.file, force_terminal=is_terminal, width=width, legacy_windows=False
        )
        self.console = Console(4800, is_terminal, clock=lambda: self.now_s, out=out)

    @property
    def text(self) -> str:
        return self.file.getvalue()


def rendered(values: dict[str, float], width: int) -> list[str]:
    """Draw the table at a width and return its lines."""
    out = rich.console.Console(file=io.StringIO(), width=width, record=True)
    out.print(status_table(values, 4800))
    return out.export_text().splitlines()


def test_the_line_says_every_figure() -> None:
    assert all(figure in status_line(FULL, 4800) for figure in SHOWN)


def test_the_table_says_every_figure_and_the_time_left() -> None:
    text = "\n".join(rendered(FULL, 80))
    assert all(figure in text for figure in [*SHOWN, "1:01:48"])


@pytest.mark.parametrize("values", [{}, {"learner/policy_loss": math.nan, "games": math.inf}])
def test_what_is_missing_or_no_number_is_a_dash(values: dict[str, float]) -> None:
    assert not any(digit in status_line(values, 0).replace("0:00", "") for digit in "0123456789")
    assert "nan" not in status_line(values, 0)
    assert " - " in "\n".join(rendered(values, 80))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_a_run_that_is_held_back_says_so_all_the_time(share: float) -> None:
    values, said = {**FULL, "guard/share": share}, f"held back to {share:.0%} of the time"
    assert said in status_line(values, 4800)
    assert said in rendered(values, 80)[0]


def test_a_run_that_is_not_held_back_says_nothing_of_it() -> None:
    values = {**FULL, "guard/share": 1.0}
    assert status_line(values, 4800) == status_line(FULL, 4800)
    assert rendered(values, 80) == rendered(FULL, 80)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_the_table_fits_any_width(width: int) -> None:
    assert max(map(len, rendered(FULL, width))) <= width


def test_without_a_terminal_a_line_comes_every_ten_seconds() -> None:
    screen = Screen(is_terminal=False)
    with screen.console as console:
        for second in range(31):
            screen.now_s = float(second)
            console.update({"trained_s": second})
    starts = [line.split(" of")[0] for line in screen.text.splitlines()]
    assert starts == ["0:00", "0:10", "0:20", "0:30"]


def test_without_a_terminal_the_last_state_is_written_at_the_end() -> None:
    screen = Screen(is_terminal=False)
    with screen.console as console:
        console.update({"games": 1})
        console.update({"games": 2})
    assert [line.split(" | ")[1] for line in screen.text.splitlines()] == ["1 games", "2 games"]


def test_without_a_terminal_a_state_is_one_line_without_control_characters() -> None:
    screen = Screen(is_terminal=False, width=20)
    with screen.console as console:
        console.update(FULL)
    assert screen.text == status_line(FULL, 4800) + "\n"


def test_values_not_sent_again_stay() -> None:
    screen = Screen(is_terminal=False)
    with screen.console as console:
        console.update({"games": 7})
        console.update({"version": 3})
    assert "7 games" in screen.text.splitlines()[-1]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_note_is_written_as_it_is(is_terminal: bool) -> None:
    screen = Screen(is_terminal, width=30)
    with screen.console as console:
        console.note("checkpoint [bold] in [/nowhere] :smile: " + "x" * 50)
    assert "checkpoint [bold] in [/nowhere] :smile: " + "x" * 50 in screen.text


@pytest.mark.parametrize("is_terminal", [False, True])
def test_an_alarm_is_written_once_each_time_it_is_raised(is_terminal: bool) -> None:
    screen = Screen(is_terminal)
    raised = []
    with screen.console as console:
        for value in (0.0, 1.0, 1.0, 0.0, 1.0):
            console.update({"alarm/gap": value, "games": 1})
            console.update({"games": 2})
            raised.append(screen.text.count("alarm: "))
    assert raised == [0, 1, 1, 1, 2]
    assert "judge.gap_bound" in screen.text


def test_a_terminal_is_redrawn_at_most_five_times_a_second() -> None:
    screen = Screen(is_terminal=True)
    with screen.console as console:
        console.update({"games": 1})
        before = screen.text
        screen.now_s = 0.19
        console.update({"games": 2})
        assert screen.text == before
        screen.now_s = 0.2
        console.update({"games": 3})
        assert screen.text != before


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt, SystemExit])
def test_the_cursor_comes_back_however_the_run_ends(error: type[BaseException] | None) -> None:
    screen = Screen(is_terminal=True)

    def run() -> None:
        with screen.console as console:
            console.update(FULL)
            if error is not None:
                raise error

    if error is None:
        run()
    else:
        with pytest.raises(error):
            run()
    assert screen.text.rindex("\x1b[?25h") > screen.text.rindex("\x1b[?25l")
    assert "12,345" in screen.text


def test_the_time_left_is_counted_when_it_is_not_given() -> None:
    screen = Screen(is_terminal=True)
    with screen.console as console:
        console.update({"trained_s": 4790.0})
    assert "0:10" in screen.text


def test_a_run_outlives_whoever_reads_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        with Console(60, is_terminal=False) as console:
            console.note("nobody reads this")
            console.note("nor this")
            console.update({"games": 1})
        print("nor what others print")
