"""The command line: what wins over what, and what is said of a mistake."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from every_setting import FIELDS, MAY_BE_ZERO, at, nested, of_path

from hexray.config import RunConfig, with_overrides
from hexray.errors import SettingsError
from hexray.loop import main
from hexray.options import parse_run, read_settings
from hexray.presets import PRESETS


def parsed(*arguments: str) -> RunConfig:
    return parse_run(arguments)[1]


def file_of(folder: Path, settings: object) -> str:
    path = folder / "settings.yaml"
    path.write_text(settings if isinstance(settings, str) else yaml.safe_dump(settings))
    return str(path)


def refusal(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Give bad arguments and return what is said, as one line; nothing may be run."""
    with pytest.raises(SystemExit) as left:
        parse_run(arguments)
    assert left.value.code == 2
    said = capsys.readouterr()
    return " ".join((said.out + said.err).replace("│", " ").split())


def option(path: tuple[str, ...]) -> str:
    return f"--{of_path(path)}"


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("board", [2, 5, 7, 11])
def test_without_settings_it_is_the_preset_for_the_board(preset: str, board: int) -> None:
    found = parsed("--preset", preset, "--board", str(board))
    assert found == PRESETS[preset](board)


def test_without_any_argument_it_is_the_default_preset() -> None:
    assert parsed() == PRESETS["default"](RunConfig().board)


def test_the_command_line_wins_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    preset = PRESETS["quick"](5)
    in_file = {"net": {"blocks": 7, "channels": 48}, "replay": {"min_rows": 900}}
    arguments = ["--preset", "quick", "--config", file_of(tmp_path, in_file), "--net.blocks", "9"]
    found = parsed(*arguments)
    assert found.net.blocks == 9
    assert found.net.channels == 48 != preset.net.channels
    assert found.replay.min_rows == 900
    assert found.judge == preset.judge != RunConfig().judge


def test_the_board_of_the_file_chooses_the_preset_for_it(tmp_path: Path) -> None:
    found = parsed("--config", file_of(tmp_path, {"board": 11}))
    assert found == PRESETS["default"](11)


def test_the_board_of_the_command_line_wins_over_that_of_the_file(tmp_path: Path) -> None:
    arguments = ["--config", file_of(tmp_path, {"board": 11, "seed": 4}), "--board", "7"]
    assert parsed(*arguments) == with_overrides(PRESETS["default"](7), {"seed": 4})


def test_whole_settings_written_down_are_read_back(tmp_path: Path) -> None:
    config = with_overrides(
        PRESETS["quick"](9), {"search": {"widths": [4, 3, 2]}, "cluster": {"address": "auto"}}
    )
    arguments = ["--config", file_of(tmp_path, config.model_dump(mode="json"))]
    assert parsed(*arguments) == config
    assert parsed(*arguments, "--preset", "quick") == config


@pytest.mark.parametrize("path", MAY_BE_ZERO, ids=of_path)
def test_an_explicit_zero_is_honoured_everywhere(path: tuple[str, ...], tmp_path: Path) -> None:
    at_first = at(RunConfig(), path)
    other = {"config": file_of(tmp_path, nested(path, 0))}
    assert at(parsed("--config", other["config"]), path) == 0
    assert at(parsed(option(path), "0"), path) == 0
    if path != ("replay", "reuse_least"):
        one = file_of(tmp_path, nested(path, 0.5 if isinstance(at_first, float) else 1))
        assert at(parsed("--config", one, option(path), "0"), path) == 0


def test_an_explicit_no_is_honoured_everywhere(tmp_path: Path) -> None:
    on = file_of(tmp_path, {"cluster": {"dashboard": True}})
    assert parsed("--config", on).cluster.dashboard is True
    assert parsed("--config", on, "--cluster.no-dashboard").cluster.dashboard is False
    off = file_of(tmp_path, {"cluster": {"dashboard": False}})
    assert parsed("--config", off).cluster.dashboard is False
    assert parsed("--config", off, "--cluster.dashboard").cluster.dashboard is True


def test_an_explicit_nothing_is_honoured_everywhere(tmp_path: Path) -> None:
    near = file_of(tmp_path, {"cluster": {"address": "auto"}})
    assert parsed("--config", near).cluster.address == "auto"
    assert parsed("--config", near, "--cluster.address", "None").cluster.address is None
    assert parsed("--cluster.address", "").cluster.address == ""


def test_lists_are_given_with_blanks() -> None:
    assert parsed("--search.widths", "5", "4", "3").search.widths == (5, 4, 3)


@pytest.mark.parametrize("written", ["--run-dir", "--run_dir"])
def test_the_run_folder_can_be_chosen(written: str, tmp_path: Path) -> None:
    assert parse_run([written, str(tmp_path / "x")])[0] == tmp_path / "x"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([], "default-5x5-seed0"),
        (["--board", "7", "--seed", "12"], "default-7x7-seed12"),
        (["--board=9", "--preset=quick"], "quick-9x9-seed0"),
    ],
)
def test_the_run_folder_is_named_for_preset_board_and_seed(arguments: list[str], name: str) -> None:
    assert parse_run(arguments)[0] == Path("runs") / name


def test_the_run_folder_takes_board_and_seed_of_the_file(tmp_path: Path) -> None:
    path = file_of(tmp_path, {"board": 6, "seed": 3})
    assert parse_run(["--config", path])[0] == Path("runs/default-6x6-seed3")
    assert parse_run(["--config", path, "--seed", "0"])[0] == Path("runs/default-6x6-seed0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("board: [", r"line 1, column 9"),
        ("board: 7\n  net: 3", r"line 2"),
        ("- board", "expected settings such as"),
        ("7", "expected settings such as"),
        ("", "expected settings such as 'board: 7', found None"),
        ("board: 2024-13-45", "month"),
        ("\x00", "special characters"),
        ("!!python/object:os.system {}", "constructor"),
        ("[" * 5000, "recursion"),
        ("bord: 7", "bord = 7: Extra inputs are not permitted"),
        ("board: 99", "board = 99: Input should be less than or equal to 19"),
        ("board: null", "board = None: Input should be a valid integer"),
        ("search:", "search = None: Input should be a valid dictionary"),
        ("search: {simulations: 0}", r"search.simulations = 0: Input should be greater than"),
        ("net: {blocks: many}", r"net.blocks = 'many': Input should be a valid integer"),
        ("replay: {min_rows: 300000}", r"replay.min_rows 300000 is more than replay.window_rows"),
        ("5: x", "5"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_reason(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = file_of(tmp_path, text)
    with pytest.raises(SettingsError, match=reason) as refused:
        parse_run(["--config", path])
    assert str(refused.value).startswith(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(b"board: \xff\xfe")
    with pytest.raises(SettingsError, match=r"settings\.yaml.*utf-8"):
        read_settings(path)


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{tmp_path}.*no such file"):
        parse_run(["--config", str(tmp_path / name)])


def test_a_bad_board_of_the_command_line_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    path = file_of(tmp_path, {"seed": 1})
    with pytest.raises(SettingsError) as refused:
        parse_run(["--board", "99", "--config", path])
    expected = "command line: board = 99: Input should be less than or equal to 19"
    assert str(refused.value) == expected


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--nope", "3"], ["--nope"]),
        (["--boar", "7"], ["--boar", "--board"]),
        (["--search.simulation", "3"], ["--search.simulation", "--search.simulations"]),
        (["--board", "abc"], ["--board", "abc"]),
        (["--board"], ["--board"]),
        (["--preset", "best"], ["best", "default", "quick"]),
        (["--search.root", "ucb"], ["ucb", "gumbel", "puct"]),
        (["--search.simulations", "many"], ["--search.simulations", "many"]),
        (["--search.simulations", "0"], ["search", "simulations", "greater than or equal to 1"]),
        (["--search.widths"], ["search", "widths", "at least 1 item"]),
        (["--inference.backend", "maybe"], ["maybe"]),
        (["train"], ["train"]),
    ],
)
def test_a_bad_argument_is_named_and_the_exit_status_is_2(
    arguments: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(arguments, capsys)
    for part in parts:
        assert part in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", "-1"], "seed = -1: Input should be greater than or equal to 0"),
        (["--minutes", "nan"], "minutes = nan: Input should be "),
        (["--minutes", "0"], "minutes = 0.0: Input should be greater than 0"),
        (["--board", "1"], "board = 1: Input should be greater than or equal to 2"),
        (["--replay.min-rows", "300000"], "replay.min_rows 300000 is more than"),
        (["--replay.window-rows", "10"], "replay.min_rows 5000 is more than replay.window_rows 10"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_in_plain_words(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_run(arguments)
    assert str(refused.value).startswith("command line: ")
    assert message in str(refused.value)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"hexray: {refused.value}\n"


def help_text(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        parse_run([*arguments, "--help"])
    assert left.value.code in (0, None)
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_help_names_and_describes_every_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # One column, however many settings there are: beside each other they would mix their lines.
    monkeypatch.setenv("COLUMNS", "129")
    said = help_text(capsys)
    missing: list[Any] = []
    for path, field in FIELDS.items():
        written = option(path).replace("_", "-")
        if f"{written} " not in said and f"{written}, " not in said:
            missing.append(written)
        if field.description not in said:
            missing.append(field.description)
    assert not missing
    for written in ("--preset {default,quick,curriculum,gpu}", "--config", "--run-dir"):
        assert written in said


def test_help_shows_the_values_of_the_preset_for_the_board(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    said = help_text(capsys, "--board", "11", "--preset", "quick")
    channels = PRESETS["quick"](11).net.channels
    assert f"Channels of the trunk, even, 4 to 1024. (default: {channels})" in said
