"""The ``hexray`` command: one small module for each verb."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from tyro.extras import SubcommandApp

from hexray.errors import HexrayError

Places = Mapping[str, "str | Places"]
"""Where verbs are, ``MODULE:FUNCTION`` in this package, by their names."""

VERBS: Places = {
    "solved": "solved:solved",
    "openings": "openings:openings",
    "preflight": "preflight:preflight",
    "status": "status:status",
    "stop": "status:stop",
    "report": "report:report",
    "nets": "nets:nets",
    "play": "play:play",
    "analyze": "analyze:analyze",
    "export": "export:export",
    "match": "match:match",
    "gauntlet": "gauntlet:gauntlet",
    "htp": "htp:htp",
    "data": {
        "import": "data:import_",
        "list": "contents:contents",
        "export": "data:export",
        "convert": "data:convert",
        "quarantine": "data:quarantine",
        "audit": "audit:audit",
        "inspect": "inspect:inspect",
        "search": "search:search",
        "compare": "compare:compare",
        "replay": "replay:replay",
    },
    "pipeline": "pipeline:pipeline",
    "bench": {
        "rules": "bench:rules",
        "search": "bench:search",
        "net": "bench:net",
        "server": "bench:server",
        "selfplay": "bench:selfplay",
        "loop": "bench:loop",
    },
    "probe": {
        "entropy": "probe_entropy:entropy",
        "overfit": "probe_learning:overfit",
        "init": "probe_learning:init",
        "gradients": "probe_learning:gradients",
        "compare-training": "probe_lessons:compare_training",
        "ablate": "probe_lessons:ablate",
        "curves": "probe_looking:curves",
        "value": "probe_looking:value",
        "policy": "probe_looking:policy",
        "reanalyze": "probe_looking:reanalyze",
        "memory": "probe_players:memory",
        "speed": "probe_players:speed",
    },
}
_GROUPS = {
    "data": "Bring games into a store and out of it, look at them, and check them.",
    "bench": "Measure how fast the parts are on this machine.",
    "probe": "Find out what is wrong with a run or a network: docs/diagnosis.md.",
}
_READ_THEMSELVES = {
    ("preflight",): "preflight:preflight",
    ("probe", "entropy"): "probe_entropy:entropy",
}
"""Verbs whose options are those of another command, or depend on what they begin with."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb that the command line names; return the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        for names, place in _READ_THEMSELVES.items():
            if tuple(given[: len(names)]) == names:
                return _loaded(place)(*given[len(names) :])
        return app_for(given, VERBS).cli(args=given, prog="hexray")
    except BrokenPipeError:
        # Whoever read the output has enough; Python must not try to flush the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\nhexray: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except (HexrayError, OSError) as error:
        print(f"hexray: {error}", file=sys.stderr)
        return 2


def app_for(given: Sequence[str], places: Places) -> SubcommandApp:
    """Return the verbs of ``places``; if ``given`` begins with one of them, that one alone.

    To load all of them takes seconds.
    """
    app = SubcommandApp()
    named = [name for name in given[:1] if name in places]
    for name in named or places:
        place = places[name]
        if isinstance(place, str):
            app.command(name=name)(_loaded(place))
        else:
            group = app_for(given[1:] if named else (), place)
            app.command(group, name=name, help=_GROUPS[name])
    return app


def _loaded(place: str) -> Callable[..., int]:
    module, _, function = place.partition(":")
    return getattr(import_module(f"hexray.cli.{module}"), function)
