"""Settings: described, checked, merged, and never replaced behind the user's back."""

import typing
from typing import Any

import pytest
from every_setting import FIELDS, MAY_BE_ZERO, NUMBERS, SECTIONS, at, bounds, nested, of_path, step
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from hexray.config import RunConfig, SearchSettings, settings_hash, with_overrides
from hexray.errors import SettingsError


@pytest.mark.parametrize("path", FIELDS, ids=of_path)
def test_every_setting_is_described_in_a_sentence(path: tuple[str, ...]) -> None:
    description = FIELDS[path].description
    assert description is not None
    assert description[0].isupper()
    assert description.endswith(".")
    assert "\n" not in description


def test_the_walk_reaches_every_component() -> None:
    assert {path[0] for path in FIELDS if len(path) == 2} == set(SECTIONS)
    assert len(FIELDS) > 50
    assert len(NUMBERS) > 40


@pytest.mark.parametrize("path", NUMBERS, ids=of_path)
def test_every_number_has_a_lower_limit(path: tuple[str, ...]) -> None:
    assert {"ge", "gt"} & set(bounds(NUMBERS[path]))


@pytest.mark.parametrize("path", NUMBERS, ids=of_path)
def test_a_number_out_of_its_range_is_refused_with_path_value_and_limit(
    path: tuple[str, ...],
) -> None:
    for side, limit in bounds(NUMBERS[path]).items():
        apart = step(NUMBERS[path])
        value = {"ge": limit - apart, "gt": limit, "le": limit + apart, "lt": limit}[side]
        with pytest.raises(SettingsError) as refused:
            with_overrides(RunConfig(), nested(path, value))
        assert str(refused.value).startswith(f"{of_path(path)} = {value!r}: Input should be ")
        assert any(text in str(refused.value) for text in (f"{limit:g}", str(limit)))


@pytest.mark.parametrize("path", MAY_BE_ZERO, ids=of_path)
def test_an_explicit_zero_is_kept(path: tuple[str, ...]) -> None:
    assert at(with_overrides(RunConfig(), nested(path, 0)), path) == 0


@pytest.mark.parametrize(
    "path", [p for p, f in FIELDS.items() if f.annotation is bool], ids=of_path
)
@pytest.mark.parametrize("value", [False, True])
def test_an_explicit_truth_value_is_kept(path: tuple[str, ...], value: bool) -> None:
    assert at(with_overrides(RunConfig(), nested(path, value)), path) is value


def test_nothing_and_the_empty_string_are_kept() -> None:
    near = with_overrides(RunConfig(), {"cluster": {"address": "auto"}})
    assert with_overrides(near, {"cluster": {"address": None}}).cluster.address is None
    assert with_overrides(near, {"cluster": {"address": ""}}).cluster.address == ""
    assert with_overrides(near, {}) == near
    assert with_overrides(near, {"cluster": {}}) == near


@pytest.mark.parametrize("path", FIELDS, ids=of_path)
def test_a_value_of_a_wrong_type_is_refused_with_its_path_and_value(path: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as refused:
        with_overrides(RunConfig(), nested(path, ["no"]))
    first = str(refused.value).splitlines()[0]
    assert first.startswith(f"{of_path(path)}")
    assert "'no'" in first
    assert "Input should be" in first


@pytest.mark.parametrize("path", FIELDS, ids=of_path)
def test_a_misspelt_setting_is_refused_with_its_path(path: tuple[str, ...]) -> None:
    wrong = (*path[:-1], f"{path[-1]}s_")
    with pytest.raises(SettingsError) as refused:
        with_overrides(RunConfig(), nested(wrong, 1))
    assert str(refused.value) == f"{of_path(wrong)} = 1: Extra inputs are not permitted"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"board": "seven"}, "board = 'seven': Input should be a valid integer"),
        ({"board": 5.5}, "board = 5.5: Input should be a valid integer"),
        ({"board": None}, "board = None: Input should be a valid integer"),
        ({"minutes": float("nan")}, "minutes = nan: Input should be "),
        ({"minutes": "soon"}, "minutes = 'soon': Input should be a valid number"),
        ({"search": 3}, "search = 3: Input should be a valid dictionary"),
        ({"search": None}, "search = None: Input should be a valid dictionary"),
        ({"search": {"root": "ucb"}}, "search.root = 'ucb': Input should be 'gumbel' or 'puct'"),
        ({"search": {"widths": ()}}, "search.widths = (): Tuple should have at least 1 item"),
        ({"search": {"widths": (3, 0)}}, "search.widths.1 = 0: Input should be greater than"),
        ({"search": {"widths": 4}}, "search.widths = 4: Input should be a valid tuple"),
        (
            {"inference": {"precision": "fp8"}},
            "inference.precision = 'fp8': Input should be 'auto'",
        ),
        ({"cluster": {"dashboard": "perhaps"}}, "cluster.dashboard = 'perhaps': Input should be"),
        ({"search.simulations": 3}, "search.simulations = 3: Extra inputs are not permitted"),
        ({"replay": {"min_rows": 300_000}}, "replay.min_rows 300000 is more than"),
        ({"replay": {"window_rows": 100}}, "replay.min_rows 5000 is more than"),
        ({"replay": {"reuse_least": 9.0}}, "replay.reuse_least 9.0 is more than"),
        ({"judge": {"share": 0.06}}, "judge.share = 0.06: Input should be less than or equal to"),
        (
            {"learner": {"owner_weight": 0.5}, "selfplay": {"adjudicate_share": 1.0}},
            "learner.owner_weight is 0.5 and selfplay.adjudicate_share 1",
        ),
        ({"promotion": {"elo1": 0.0}}, "promotion.elo0 0.0 is not below promotion.elo1 0.0"),
        (
            {"promotion": {"players_use": "best"}, "judge": {"match_seconds": 0}},
            "promotion.players_use is best and judge.match_seconds 0",
        ),
    ],
)
def test_a_bad_value_is_named(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        with_overrides(RunConfig(), overrides)
    assert message in str(refused.value)


def test_every_bad_value_has_a_line_of_its_own() -> None:
    with pytest.raises(SettingsError) as refused:
        with_overrides(RunConfig(), {"board": 1, "net": {"blocks": 0}, "learner": {"rate": 1}})
    paths = [line.split(" = ")[0] for line in str(refused.value).splitlines()]
    assert sorted(paths) == ["board", "learner.rate", "net.blocks"]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_setting_changes_nothing_beside_it(section: str) -> None:
    base = RunConfig()
    path = [path for path in NUMBERS if path[0] == section][-1]
    value = at(base, path) + step(NUMBERS[path])
    if value > bounds(NUMBERS[path]).get("le", value):
        value = at(base, path) / 2
    changed = with_overrides(base, nested(path, value))
    before, after = base.model_dump(), changed.model_dump()
    assert after[section].pop(path[1]) == value
    before[section].pop(path[1])
    assert before == after
    assert base == RunConfig()


def test_overrides_add_up() -> None:
    once = with_overrides(RunConfig(), {"search": {"simulations": 3}})
    twice = with_overrides(once, {"search": {"candidates": 4}, "seed": 9})
    assert (twice.search.simulations, twice.search.candidates, twice.seed) == (3, 4, 9)


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        RunConfig().search.simulations = 3


def _values(field: FieldInfo) -> st.SearchStrategy:
    kind, limits = field.annotation, bounds(field)
    choices = typing.get_args(kind)
    if kind is bool:
        return st.booleans()
    if kind is int:
        most = int(min(limits.get("le", 10**6), 10**6))
        whole = st.integers(int(limits["ge"]), most)
        return whole.map(lambda number: number - number % step(field))
    if kind is float:
        low, high = limits.get("ge", limits.get("gt", 0)), limits.get("le", limits.get("lt", 1e6))
        return st.floats(low, high, exclude_min="gt" in limits, exclude_max="lt" in limits)
    return st.sampled_from(choices)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_settings_survive_writing_down_and_laying_over(data: st.DataObject) -> None:
    tied = {"replay", "promotion", "guard", "owner_weight", "gpus"}
    plain = {p: f for p, f in FIELDS.items() if _is_plain(f) and not tied & {p[0], p[-1]}}
    paths = data.draw(st.lists(st.sampled_from(list(plain)), unique=True, max_size=8))
    config = RunConfig()
    for path in paths:
        value = data.draw(_values(plain[path]))
        config = with_overrides(config, nested(path, value))
        assert at(config, path) == value
    assert with_overrides(RunConfig(), config.model_dump()) == config
    assert with_overrides(RunConfig(), config.model_dump(mode="json")) == config
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
    assert settings_hash(config) == settings_hash(RunConfig.model_validate(config.model_dump()))
    assert (settings_hash(config) == settings_hash(RunConfig())) == (config == RunConfig())


def _is_plain(field: FieldInfo) -> bool:
    literal = typing.get_origin(field.annotation) is typing.Literal
    return field.annotation in (bool, int, float) or literal


@pytest.mark.parametrize("path", [p for p in FIELDS if p[0] == "search"], ids=of_path)
def test_the_hash_tells_any_two_searches_apart(path: tuple[str, ...]) -> None:
    others = {"kind": "minimax", "root": "puct", "widths": (3,), "connections": False}
    value = others.get(path[1], 1 if path[1] != "temperature" else 0.5)
    if value == at(RunConfig(), path):
        value = 2
    changed = with_overrides(RunConfig(), nested(path, value)).search
    assert changed != SearchSettings()
    assert settings_hash(changed) != settings_hash(SearchSettings())


def test_the_hash_is_twelve_hexadecimal_digits() -> None:
    assert len(settings_hash(SearchSettings())) == 12
    int(settings_hash(SearchSettings()), 16)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"search": {"simulations": True}}, "search.simulations = True: .*found true"),
        ({"minutes": False}, "minutes = False: .*found false"),
        ({"minutes": float("inf")}, "minutes = inf: .*finite"),
        ({"search": {"c_visit": float("nan")}}, "search.c_visit = nan: .*finite"),
        ({"judge": {"simulations": 100_001}}, "judge.simulations = 100001: .*100000"),
    ],
)
def test_what_python_takes_for_a_number_is_still_refused(
    overrides: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        with_overrides(RunConfig(), overrides)
