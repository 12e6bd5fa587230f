"""The ``hexray`` command: one small module for each verb."""

import os
import signal
import sys
from collections.abc import Sequence

from tyro.extras import SubcommandApp

from hexray.cli import bench, data
from hexray.cli.analyze import analyze
from hexray.cli.audit import audit
from hexray.cli.compare import compare
from hexray.cli.contents import contents
from hexray.cli.export import export
from hexray.cli.gauntlet import gauntlet
from hexray.cli.htp import htp
from hexray.cli.inspect import inspect
from hexray.cli.match import match
from hexray.cli.nets import nets
from hexray.cli.openings import openings
from hexray.cli.pipeline import pipeline
from hexray.cli.play import play
from hexray.cli.preflight import preflight
from hexray.cli.probe_entropy import entropy
from hexray.cli.probe_learning import gradients, init, overfit
from hexray.cli.probe_lessons import ablate, compare_training
from hexray.cli.probe_looking import curves, policy, reanalyze, value
from hexray.cli.probe_players import memory, speed
from hexray.cli.replay import replay
from hexray.cli.report import report
from hexray.cli.search import search
from hexray.cli.solved import solved
from hexray.cli.status import status, stop
from hexray.errors import HexrayError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb that the command line names; return the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if given[:1] == ["preflight"]:  # its arguments are those of another command
            return preflight(*given[1:])
        if given[:2] == ["probe", "entropy"]:  # its settings depend on what they begin with
            return entropy(*given[2:])
        return _verbs().cli(args=given, prog="hexray")
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


def _verbs() -> SubcommandApp:
    verbs, benches = SubcommandApp(), SubcommandApp()
    for measure in (bench.rules, bench.search, bench.net, bench.server, bench.selfplay, bench.loop):
        benches.command(measure)
    data_verbs = SubcommandApp()
    data_verbs.command(name="import")(data.import_)
    data_verbs.command(name="list")(contents)
    for verb in (
        data.export,
        data.convert,
        data.quarantine,
        audit,
        inspect,
        search,
        compare,
        replay,
    ):
        data_verbs.command(verb)
    verbs.command(solved)
    verbs.command(openings)
    verbs.command(preflight)
    verbs.command(status)
    verbs.command(stop)
    verbs.command(report)
    verbs.command(nets)
    verbs.command(play)
    verbs.command(analyze)
    verbs.command(export)
    verbs.command(match)
    verbs.command(gauntlet)
    verbs.command(htp)
    verbs.command(data_verbs, name="data")
    verbs.command(pipeline)
    verbs.command(benches, name="bench")
    verbs.command(_probes(), name="probe")
    return verbs


def _probes() -> SubcommandApp:
    probes = SubcommandApp()
    for probe in (entropy, overfit, init, gradients, compare_training, ablate):
        probes.command(probe)
    for probe in (curves, value, policy, reanalyze, memory, speed):
        probes.command(probe)
    return probes
