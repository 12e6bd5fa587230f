"""``hexray gauntlet``: is a player stronger than all that are named, and by how much."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tyro

from hexray.cli.contestants import parse_contestant
from hexray.cli.match import (
    Named,
    Set,
    board_side,
    new_file,
    plain,
    play_recorded,
    stored_after,
    summary,
)
from hexray.errors import SettingsError
from hexray.play.arena import MatchGame
from hexray.play.openings import draw_openings
from hexray.ratings.intervals import score_of_games
from hexray.ratings.results import Record, totals

SCREEN, FINAL = "screen", "final"


class Stage(NamedTuple):
    """One match of a gauntlet: what ``summary`` says of it, from the candidate's side."""

    record: Record
    result: dict[str, Any]


def gauntlet(
    candidate: tyro.conf.Positional[str],
    /,
    against: tuple[str, ...] = ("random", "heuristic"),
    screen_games: int = 40,
    games: int = 400,
    *,
    setting: Set,
) -> int:
    """Screen a player against several others, then play a long match with the strongest of them.

    The candidate passes the screening when the lower end of the 95 % Wilson interval of its score
    is above one half against every opponent; if it does not, there is no long match. The strongest
    opponent is the one against which it scored least. No opening comes twice against an opponent,
    and totals are the sum of the games of both stages. Players are named as for ``hexray match``.

    Args:
        candidate: The player to be measured.
        against: Its opponents: baselines, networks, engines.
        screen_games: Games with each of them, an even number.
        games: Games of the long match, an even number.
        setting: What every match is asked for.
    """
    _check(candidate, against, {"--screen-games": screen_games, "--games": games})
    seed, players = setting.seed, (candidate, *against)
    entrants = {text: parse_contestant(text, setting.move_seconds) for text in players}
    size = board_side(setting.board, list(entrants.values()))
    drawn = draw_openings(setting.openings, size, (screen_games + games) // 2, seed)
    file = new_file(setting.record or Path(f"gauntlet-{plain(candidate)}-{seed}.jsonl"))
    until = screen_games // 2

    def meet(stage: str, opponent: str, first: int, last: int) -> Stage:
        pair = ((candidate, entrants[candidate]), (opponent, entrants[opponent]))
        return _staged(stage, pair, play_recorded(pair, size, drawn[first:last], seed, file, first))

    with stored_after(file, setting.store):
        stages = [meet(SCREEN, opponent, 0, until) for opponent in against]
        has_passed = passes(stages)
        if has_passed:
            stages.append(meet(FINAL, strongest(stages), until, len(drawn)))
    _show(stages, has_passed, {"board": size, "games_file": str(file)}, setting.json_output)
    return 0


def passes(stages: Sequence[Stage]) -> bool:
    """Say whether the Wilson intervals of all scores lie above one half."""
    return all(stage.result["wilson_interval"][0] > 0.5 for stage in stages)


def strongest(stages: Sequence[Stage]) -> str:
    """Return the opponent against which the candidate scored least, the first of equals."""
    return min(stages, key=lambda stage: stage.result["score"]).record.opponent


def _check(candidate: str, against: Sequence[str], counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        if count < 2 or count % 2:
            raise SettingsError(f"{name} {count}: use an even number; openings come in pairs")
    if not against:
        raise SettingsError("--against names nobody; name one player or more")
    for text in against:
        if text == candidate or against.count(text) > 1:
            raise SettingsError(f"--against {text}: it is there twice; name each player once")


def _staged(stage: str, pair: tuple[Named, Named], games: Sequence[MatchGame]) -> Stage:
    (candidate, _), (opponent, _) = pair
    result = summary(games)
    won = result["wins"]
    return Stage(Record(stage, candidate, opponent, len(games), won, len(games) - won), result)


def _show(stages: Sequence[Stage], has_passed: bool, facts: dict[str, Any], as_json: bool) -> None:
    name = stages[0].record.player
    print("{name} on {board}x{board}".format(name=name, **facts))
    print("  stage    games   wins   score   95 % (Wilson)   opponent")
    for stage in stages:
        _row(stage.record)
    summed = totals(stage.record for stage in stages)
    if has_passed:
        for total in summed.values():
            if "+" in total.stage:
                _row(total)
        print("  passed the screening: above one half against every opponent")
    else:
        print("  stopped after the screening: not above one half against every opponent")
    print("  games {games_file}".format(**facts))
    if as_json:
        record = {
            "candidate": name,
            **facts,
            "passed": has_passed,
            "stages": [
                {"stage": stage.record.stage, "opponent": stage.record.opponent, **stage.result}
                for stage in stages
            ],
            "totals": [total._asdict() for total in summed.values()],
        }
        print(json.dumps(record, allow_nan=False))


def _row(record: Record) -> None:
    score = score_of_games(record.wins, record.losses)
    stage = "total" if "+" in record.stage else record.stage
    print(
        f"  {stage:<7} {record.games:>6} {record.wins:>6}   {score.value:.3f}  "
        f"{score.low:.3f} to {score.high:.3f}  {record.opponent}"
    )
