"""``hexray probe`` of what is there: the curves of a run, and what its network knows."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from rich.console import Console
from rich.progress import Progress

from hexray.cli.networks import evaluator_of, found_net
from hexray.cli.probing import RESULTS, Json, Keep, Results, probed
from hexray.config import RunConfig, SearchSettings, candidates_for, with_overrides
from hexray.errors import SettingsError
from hexray.evaluation import Evaluate
from hexray.net.checkpoint import ServedNet
from hexray.net.kept import BEST_SUFFIX
from hexray.options import read_settings
from hexray.play.solved import Solved, read_solved, shipped_positions
from hexray.probes.curves import PROBE as CURVES
from hexray.probes.curves import draw_curves, judge_run, read_run
from hexray.probes.finding import Draw, Finding
from hexray.probes.folder import KEPT, ProbeFolder
from hexray.probes.material import run_of
from hexray.probes.policy import PROBE as POLICY
from hexray.probes.policy import agree, draw_policy, find_policy, is_enough, know, too_few
from hexray.probes.reanalysis import (
    REVISIONS,
    Asked,
    Revision,
    open_revision,
    search_on,
    weights_digest,
)
from hexray.probes.reanalyze import PROBE as REANALYZE
from hexray.probes.reanalyze import changes_of, draw_reanalyzed, find_reanalyzed
from hexray.probes.unseen import Unseen, unseen_games
from hexray.probes.value import PROBE as VALUE
from hexray.probes.value import draw_value, find_value, judge_solved, judge_values
from hexray.run_folder import SETTINGS_FILE

Games = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]
Board = Annotated[int | None, tyro.conf.arg(metavar="2..19")]
Positions = Annotated[int, tyro.conf.arg(metavar="1..")]


def curves(
    run: tyro.conf.Positional[Path],
    /,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Look at what a run measured, rule by rule: what is wrong with it, and what to do.

    Exits with status 1 for a warning, or when the run is too short to judge.

    Args:
        run: Run folder, also of a run that goes on.
        results: Folder of results; each probe makes KIND/NAME_TIME in it.
        keep: Folders of this probe that stay, the newest; 0 keeps all.
        json_output: Print one line of JSON.
    """
    measured = read_run(run)
    finding, found = judge_run(measured)
    asked = {"probe": CURVES, "run": str(run.absolute())}
    return probed(
        results,
        keep,
        asked,
        lambda _: (finding, lambda figure: draw_curves(figure, measured, found, finding)),
        json_output,
    )


def value(
    net: tyro.conf.Positional[Path],
    /,
    games: Games = None,
    board: Board = None,
    positions: Positions = 20_000,
    every: bool = False,
    seed: int = 0,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Look whether the value means what it says, by stage of the game, and what would mend it.

    Exits with status 1 when it is too sure, not sure enough, or when games are too few.

    Args:
        net: Run folder, RUN@best for the best of its versions, or checkpoint.
        games: Run or store whose games are taken; by default the run of the network.
        board: Side of the board; by default that of the run.
        positions: Positions of the newest held-out games.
        every: Take all games, also those that were trained on.
        seed: Of the halves of the games and of the intervals.
        results: Folder of results; each probe makes KIND/NAME_TIME in it.
        keep: Folders of this probe that stay, the newest; 0 keeps all.
        json_output: Print one line of JSON.
    """
    found, size, unseen = _asked_of(net, games, board, positions, every)

    def probe(_: ProbeFolder) -> tuple[Finding, Draw | None]:
        evaluate = evaluator_of(found, size)
        judged = judge_values(unseen, evaluate, np.random.default_rng(seed))
        count = len(unseen.block.game_id)
        if judged is None:
            return find_value(None, count, None), None
        truth = _solved(size)
        of_truth = truth and judge_solved(truth, evaluate, judged.temperature)
        finding = find_value(judged, count, of_truth)
        return finding, lambda figure: draw_value(figure, judged, finding)

    asked = {"probe": VALUE, **_named(net, found, games, size, positions, every), "seed": seed}
    return probed(results, keep, asked, probe, json_output)


def policy(
    net: tyro.conf.Positional[Path],
    /,
    games: Games = None,
    board: Board = None,
    positions: Positions = 20_000,
    every: bool = False,
    simulations: Annotated[int, tyro.conf.arg(metavar="1..100000")] = 64,
    searched: Positions = 256,
    seed: int = 0,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Look how much of what a search finds the policy knows by itself, by stage and by ply.

    Exits with status 1 when it knows nothing, always likes the same cell, or positions are too few.

    Args:
        net: Run folder, RUN@best for the best of its versions, or checkpoint.
        games: Run or store whose games are taken; by default the run of the network.
        board: Side of the board; by default that of the run.
        positions: Positions of the newest held-out games.
        every: Take all games, also those that were trained on.
        simulations: Simulations a position of the search that it is compared with.
        searched: Positions searched for that.
        seed: Of the positions searched and of the intervals.
        results: Folder of results; each probe makes KIND/NAME_TIME in it.
        keep: Folders of this probe that stay, the newest; 0 keeps all.
        json_output: Print one line of JSON.
    """
    found, size, unseen = _asked_of(net, games, board, positions, every)
    changes = {"kind": "mcts", "simulations": simulations}
    changes["candidates"] = candidates_for(simulations)
    settings = with_overrides(found.config, {"search": changes}).search

    def probe(_: ProbeFolder) -> tuple[Finding, Draw | None]:
        evaluate, rng = evaluator_of(found, size), np.random.default_rng(seed)
        known = know(unseen, evaluate)
        if not is_enough(known):
            return too_few(known), None
        agreement = agree(unseen, evaluate, settings, searched, rng)
        finding = find_policy(known, agreement, _solved(size), evaluate, rng)
        return finding, lambda figure: draw_policy(figure, known, finding)

    asked = {"probe": POLICY, **_named(net, found, games, size, positions, every)}
    asked |= {"simulations": simulations, "searched": searched, "seed": seed}
    return probed(results, keep, asked, probe, json_output)


def reanalyze(
    run: tyro.conf.Positional[Path],
    /,
    net: Annotated[Path, tyro.conf.arg(metavar="NET")],
    name: str,
    simulations: Annotated[int | None, tyro.conf.arg(metavar="1..100000")] = None,
    positions: Annotated[int, tyro.conf.arg(metavar="0..")] = 0,
    board: Board = None,
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None,
    seed: int = 0,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Search stored games again with a better network, and keep the new targets as a revision.

    The games stay as they are: OUT/revisions/NAME is a store of its own, which hexray pipeline
    trains from (--games). The same command goes on with one that was broken off.

    Args:
        run: Run or store whose games are searched again.
        net: Run folder, RUN@best for the best of its versions, or checkpoint, to search with.
        name: Of the revision.
        simulations: Simulations a position; by default those that the games were made with.
        positions: About how many positions, those of the newest games; 0 takes all.
        board: Side of the board; by default that of the network's run.
        out: Folder that gets revisions/NAME; by default that of the games.
        seed: Of the search.
        results: Folder of results; each probe makes KIND/NAME_TIME in it.
        keep: Folders of this probe that stay, the newest; 0 keeps all.
        json_output: Print one line of JSON.
    """
    if Path(name).name != name or name.startswith(".") or positions < 0:
        raise SettingsError(f"--name {name} --positions {positions}: use a plain name, 0 or more")
    found = found_net(net)
    size = board or found.config.board
    identity = {"version": found.version, "sha256": weights_digest(found.weights)}
    wanted = Asked(run, size, identity, _search_of(run, found, simulations), seed, positions)
    revision = open_revision((out or run) / REVISIONS / name, wanted)

    def probe(folder: ProbeFolder) -> tuple[Finding, Draw]:
        folder.log.info("%d files into %s", len(revision.parts), revision.folder)
        _search_on(revision, evaluator_of(found, size))
        changed = changes_of(revision)
        finding = find_reanalyzed(revision, changed)
        return finding, lambda figure: draw_reanalyzed(figure, revision, changed, finding)

    asked = {"probe": REANALYZE, "run": str(run), "net": str(net), "name": name, "board": size}
    asked |= {"simulations": simulations, "positions": positions, "out": str(out or run)}
    return probed(results, keep, {**asked, "seed": seed, **identity}, probe, json_output)


def _search_on(revision: Revision, evaluate: Evaluate) -> None:
    total = sum(part.positions for part in revision.parts)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("positions", total=total)
        search_on(revision, evaluate, lambda count: progress.advance(task, count))


def _search_of(run: Path, found: ServedNet, simulations: int | None) -> SearchSettings:
    """Return the search that made the games, so that new targets mean the same as the old."""
    settings = run / SETTINGS_FILE
    config = found.config
    if settings.exists():
        config = with_overrides(RunConfig(), read_settings(settings))
    changes: dict[str, Any] = {"reuse_tree": False}
    if simulations is not None:
        if config.search.kind == "minimax":
            raise SettingsError(f"--simulations {simulations}: minimax has none; leave it out")
        changes["simulations"] = simulations
    return with_overrides(config, {"search": changes}).search


def _named(
    net: Path, found: ServedNet, games: Path | None, size: int, positions: int, every: bool
) -> dict[str, Any]:
    return {
        "net": str(net),
        "version": found.version,
        "games": str(_folder(net, games)),
        "board": size,
        "positions": positions,
        "every": every,
    }


def _asked_of(
    net: Path, games: Path | None, board: int | None, positions: int, every: bool
) -> tuple[ServedNet, int, Unseen]:
    if positions < 1:
        raise SettingsError(f"--positions {positions}: use 1 or more")
    found = found_net(net)
    size = board or found.config.board
    share = found.config.replay.held_out
    return found, size, unseen_games(_folder(net, games), share, size, positions, every)


def _folder(net: Path, games: Path | None) -> Path:
    return games or run_of(Path(str(net).removesuffix(BEST_SUFFIX)))


def _solved(size: int) -> Solved | None:
    path = shipped_positions(size)
    return None if path is None else read_solved(path)
