"""The command knows all its verbs, and loads the one it is asked for."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hexray.cli import VERBS, Places, app_for, main

LOOKS = "import json, sys; from hexray.cli import main\ntry: main(sys.argv[1:])\nfinally: "


def leaves(places: Places, *above: str) -> Iterator[tuple[str, ...]]:
    """The names of every verb, those of the groups that it is in first."""
    for name, place in places.items():
        if isinstance(place, str):
            yield (*above, name)
        else:
            yield from leaves(place, *above, name)


def loaded_by(*given: str) -> list[str]:
    """The verbs' modules, and slow libraries, that a process has loaded in the end."""
    tell = "print(json.dumps([*sys.modules]), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", LOOKS + tell, *given], capture_output=True, text=True, check=False
    )
    names = json.loads(done.stderr.splitlines()[-1])
    heavy = {"ray", "matplotlib"}
    return sorted(name for name in names if name.startswith("hexray.cli.") or name in heavy)


@pytest.mark.parametrize("names", [*leaves(VERBS)], ids=" ".join)
def test_every_verb_explains_itself(
    names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*names, "--help"])
    said = capsys.readouterr().out
    assert said.startswith("usage: ")
    assert len(said.splitlines()) > 4


def test_a_group_and_the_command_list_all_that_is_in_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for given, within in (([], VERBS), (["data"], VERBS["data"]), (["probe"], VERBS["probe"])):
        with pytest.raises(SystemExit, match="0"):
            main([*given, "--help"])
        said = capsys.readouterr().out
        assert all(name in said for name in within)


@pytest.mark.parametrize("given", [["nonsense"], ["data", "nonsense"], []])
def test_what_is_no_verb_is_refused(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(given)
    assert "status" in capsys.readouterr().err or given[:1] == ["data"]


def test_one_verb_alone_is_offered_where_it_is_named() -> None:
    app = app_for(["data", "list"], VERBS)
    assert list(app._subcommands) == ["data"]
    group = app._subcommands["data"].target
    assert list(group._subcommands) == ["list"]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.process
def test_no_other_verb_is_loaded() -> None:
    assert loaded_by("status", "--help") == ["hexray.cli.status"]
