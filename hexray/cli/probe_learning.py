"""``hexray probe overfit, init, gradients``: whether a network can learn what it is given."""

from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from hexray.cli.probing import RESULTS, Draw, Json, Keep, Results, probed
from hexray.cli.probing_asked import Board, Count, Games, Run, asked_for, at_least, material, side
from hexray.config import RunConfig, with_overrides
from hexray.data.held_out import SplitRows
from hexray.data.rows import Rows
from hexray.errors import SettingsError
from hexray.net.trainer import learning_rate
from hexray.presets import PRESETS
from hexray.probes.feeding import one_game
from hexray.probes.finding import Finding
from hexray.probes.folder import KEPT, ProbeFolder
from hexray.probes.fresh import draw_init, judge_init, random_positions, shapes_of
from hexray.probes.gradients import draw_gradients, judge_gradients, measure_gradients
from hexray.probes.labels import with_label
from hexray.probes.leak import look_for_leak
from hexray.probes.material import drawn, load_training, net_of, rows_of_games
from hexray.probes.overfit import draw_overfit, judge_overfit, learn_by_heart

_LEAK_ROWS = 1_000
_LEAST_LEAK_STEPS = 100
_BOARD = 7


def overfit(
    run: Run,
    /,
    games: Games = None,
    board: Board = None,
    positions: Count = 256,
    is_one_game: Annotated[bool, tyro.conf.arg(name="one-game")] = False,
    steps: Count = 1_000,
    seed: int = 0,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Learn a few positions by heart, and look whether shuffled targets leak.

    A fresh network is trained with the run's settings by the run's learner. Exit status 1 says that
    something is wrong.

    Args:
        run: Run folder or checkpoint whose settings are used.
        games: Run folder or store that the positions are from; by default the run itself.
        board: Side of the board in cells; by default the run's.
        positions: Positions to learn.
        is_one_game: Learn the positions of one game instead.
        steps: The most optimizer steps, for the positions and again for shuffled targets.
        seed: Of the network, and of what is drawn.
        results: Folder of results.
        keep: Results of this kind that stay; 0 keeps all.
        json_output: Print one line of JSON.
    """
    asked = asked_for("overfit", locals())
    at_least(1, positions=positions, steps=steps)

    def probe(folder: ProbeFolder) -> tuple[Finding, Draw]:
        (found, source, size), rng = material(run, games, board), np.random.default_rng(seed)
        config = found.config
        rows = rows_of_games(source, config, size, max(20 * positions, 20 * _LEAK_ROWS))
        some = one_game(source, config, size, rng) if is_one_game else rows.training
        some = with_label(some)
        learnt = some if is_one_game else drawn(some, positions, rng)
        folder.log.info("%d positions of %dx%d to learn", len(learnt.cells), size, size)
        fit = learn_by_heart(config, learnt, size, steps, seed)
        folder.log.info("%d steps, accuracy %s", len(fit.curve), fit.accuracy[-1:])
        others = SplitRows(*(_some(part, _LEAK_ROWS, rng) for part in rows))
        again = min(steps, max(len(fit.curve), _LEAST_LEAK_STEPS))
        leak = None if fit.fault else look_for_leak(config, others, size, again, seed)
        finding = judge_overfit(fit, leak, len(learnt.cells), config.learner.learning_rate)
        return finding, lambda figure: draw_overfit(figure, fit, leak)

    return probed(results, keep, asked, probe, json_output)


def init(
    run: tyro.conf.Positional[Annotated[Path | None, tyro.conf.arg(metavar="RUN")]] = None,
    /,
    preset: str = "default",
    board: Board = None,
    blocks: Annotated[int | None, tyro.conf.arg(metavar="1..80")] = None,
    channels: Annotated[int | None, tyro.conf.arg(metavar="4..1024")] = None,
    positions: Count = 256,
    seeds: Count = 3,
    seed: int = 0,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Ask fresh networks of every kind, norm and tie whether they have an opinion already.

    The value should be near 0 and the policy near all legal moves alike. Exit status 1 says that
    something is wrong.

    Args:
        run: Run folder or checkpoint whose size of network is used; by default a preset's.
        preset: Preset whose size of network is used where no run is named: default, quick, gpu.
        board: Side of the board in cells; by default the run's, or 7.
        blocks: Residual blocks, in place of those.
        channels: Channels of the trunk, even, in place of those.
        positions: Random positions to ask about.
        seeds: Fresh networks of each shape.
        seed: Of the first of them, and of the positions.
        results: Folder of results.
        keep: Results of this kind that stay; 0 keeps all.
        json_output: Print one line of JSON.
    """
    asked = asked_for("init", locals())
    at_least(1, positions=positions, seeds=seeds)

    def probe(folder: ProbeFolder) -> tuple[Finding, Draw]:
        config = _preset(preset, board or _BOARD) if run is None else load_training(run).config
        size = side(board, config)
        sizes = {"blocks": blocks, "channels": channels}
        changes = {name: value for name, value in sizes.items() if value is not None}
        net = with_overrides(config, {"net": changes}).net
        cells = random_positions(size, positions, np.random.default_rng(seed))
        shapes = shapes_of(net, cells, size, range(seed, seed + seeds))
        return judge_init(shapes), lambda figure: draw_init(figure, shapes)

    return probed(results, keep, asked, probe, json_output)


def gradients(
    run: Run,
    /,
    games: Games = None,
    board: Board = None,
    batches: Annotated[int, tyro.conf.arg(metavar="2..")] = 16,
    seed: int = 0,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Send real positions through a checkpoint, and measure its gradients and steps by part.

    Exit status 1 says that something is wrong.

    Args:
        run: Run folder or checkpoint.
        games: Run folder or store that the positions are from; by default the run itself.
        board: Side of the board in cells; by default the run's.
        batches: Batches of the run's size, each of other positions.
        seed: Of the positions drawn.
        results: Folder of results.
        keep: Results of this kind that stay; 0 keeps all.
        json_output: Print one line of JSON.
    """
    asked = asked_for("gradients", locals())
    at_least(2, batches=batches)

    def probe(folder: ProbeFolder) -> tuple[Finding, Draw]:
        found, source, size = material(run, games, board)
        config, wanted = found.config, batches * found.config.learner.batch_rows
        rows = rows_of_games(source, config, size, config.replay.window_rows).training
        some = _some(rows, wanted, np.random.default_rng(seed))
        net, optimizer = net_of(found)
        over = found.counters.get("trained_s", 0.0) / 60 / config.minutes
        step = int(found.state["step"])
        now = learning_rate(step, over, config.learner) / config.learner.learning_rate
        tied = config.net.half_turn
        flow = measure_gradients(net, optimizer, config.learner, some, size, tied, now)
        return judge_gradients(flow), lambda figure: draw_gradients(figure, flow)

    return probed(results, keep, asked, probe, json_output)


def _preset(name: str, board: int) -> RunConfig:
    if name not in PRESETS:
        raise SettingsError(f"--preset {name}: use {', '.join(PRESETS)}")
    return PRESETS[name](board)


def _some(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    """Draw rows at random, all where there are no more than ``most``."""
    return drawn(rows, min(most, len(rows.cells)), rng)
