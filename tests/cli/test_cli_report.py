"""``hexray report``: one page that needs nothing else, of runs that ended, go on or were cut."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import pytest
from made_checkpoints import CONFIG, made
from random_games import random_block

from hexray.cli import main
from hexray.data.store import GameStore
from hexray.events import append_event
from hexray.machine import write_machine
from hexray.net.checkpoint import save_checkpoint
from hexray.run_folder import open_run_folder
from hexray.run_owner import OWNER_FILE, this_process, write_owner

XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
NAMES = [f"{column}{row}" for row in (1, 2, 3) for column in "abc"]
STRENGTH = {
    "positions": 500.0,
    "winner_accuracy": 0.875,
    "move_accuracy": 0.75,
    "openings": 9,
    "openings_wrong": 1,
    "simulations": 64,
    "smaller_boards": {"2x2": {"positions": 4.0, "winner_accuracy": 1.0, "move_accuracy": 1.0}},
    "first_moves": {
        "values": {name: -0.5 if name == "b2" else 0.5 for name in NAMES},
        "truth": dict.fromkeys(NAMES, True),
        "wrong": ["b2"],
    },
}
METRICS = [
    {
        "trained_s": 60.0 * minute,
        "minutes": minute,
        "games": 100 * minute,
        "positions": 900 * minute,
        "evaluations": 2_345_678,
        "evaluations_per_s": 1234.5,
        "batch_fill": 0.5,
        "learner/policy_loss": 2.0 / (minute + 1),
        "learner/value_loss": 0.5 / (minute + 1),
        "solved/positions": 120,
        "solved/winner_accuracy": 0.5 + 0.1 * minute,
        "solved/move_accuracy": 0.6 + 0.1 * minute,
        "rating/elo": 10.0 * minute,
        "rating/low": 10.0 * minute - 30,
        "rating/high": 10.0 * minute + 30,
        "memory_mb/learner": 300,
        "memory_mb/replay": 200,
        "alarm/gap": float(minute == 2),
    }
    for minute in range(4)
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that has ended, with something of everything; its name is hard to write."""
    folder = tmp_path / "3x3 <b>& more"
    with open_run_folder(folder, CONFIG):
        text = "".join(json.dumps(line) + "\n" for line in METRICS)
        (folder / "metrics.jsonl").write_text(text)
        (folder / "strength.json").write_text(json.dumps(STRENGTH))
        (folder / "game.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9"/>')
        GameStore(folder / "games" / "3x3", 3).append(random_block(3, 5, 1))
        (folder / "checkpoints").mkdir()
        save_checkpoint(folder / "checkpoints", made(7))
        append_event(folder, "death", "player-0 died: <its> process ended", 61.0)
        write_machine(folder)
    return folder


def page_of(run: Path) -> ElementTree.Element:
    """Let the command write the page; parse it as strictly as there is."""
    assert main(["report", str(run)]) == 0
    parser = html5lib.HTMLParser(strict=True)
    return parser.parse((run / "report.html").read_text())


def words_of(page: ElementTree.Element) -> str:
    return " ".join("".join(page.itertext()).split())


def pictures_of(page: ElementTree.Element) -> list[ElementTree.Element]:
    """Return the SVG of every image."""
    found = []
    for image in page.iter(f"{XHTML}img"):
        kind, _, data = image.get("src", "").partition(";base64,")
        assert kind == "data:image/svg+xml"
        found.append(ElementTree.fromstring(base64.b64decode(data)))
    return found


def test_a_page_holds_all_that_a_run_has_left(run: Path) -> None:
    page = page_of(run)
    words = words_of(page)
    for part in (
        "3x3 <b>& more",
        "the run has ended",
        "Trained 3.0 of 3 minutes",
        "measured at the end, 64 simulations a move",
        "87.5%",
        "2.35 M",
        "0.875",
        "first moves on the empty board judged wrongly: 1 of 9",
        "player-0 died: <its> process ended",
        "the value is much better on games trained on",
        "learning_rate: 0.002",
    ):
        assert part in words, part
    curves = list(page.iter(f"{SVG}polyline"))
    assert len(curves) >= 8
    pictures = pictures_of(page)
    assert len(pictures) == 1 + 1 + 3
    assert len([p for p in pictures[0].iter(f"{SVG}polygon") if p.get("class") == "wrong"]) == 2
    assert all(len(p.findall(f".//{SVG}polygon[@class='cell']")) == 9 for p in pictures[2:])


def test_a_page_needs_nothing_else(run: Path) -> None:
    page = page_of(run)
    assert not list(page.iter(f"{XHTML}script"))
    for element in page.iter():
        for name in ("src", "href"):
            assert element.get(name, "data:").startswith("data:")
    text = (run / "report.html").read_text()
    assert "@import" not in text
    assert "url(" not in text


def test_while_a_run_goes_on_its_newest_checkpoint_is_asked(run: Path) -> None:
    write_owner(run, this_process())
    words = words_of(page_of(run))
    assert "the run is running" in words
    assert "version 7, the newest checkpoint, without search: first moves" in words
    assert "newest while training" in words
    assert "0.800" in words
    assert "0.875" not in words


def test_of_a_run_cut_short_at_once_is_said_what_is_missing(tmp_path: Path) -> None:
    with open_run_folder(tmp_path / "run", CONFIG):
        pass
    write_owner(tmp_path / "run", this_process()._replace(began=0.0))
    page = page_of(tmp_path / "run")
    words = words_of(page)
    for part in (
        "was cut short",
        "nothing was measured on solved positions",
        "not measured yet",
        "no checkpoint yet",
        "no game is stored yet",
        "no version has played another yet",
        "no events are written down",
        "the machine is not written down",
    ):
        assert part in words, part
    assert not list(page.iter(f"{SVG}polyline"))


def test_what_is_damaged_is_named_and_the_rest_is_shown(run: Path) -> None:
    with (run / "metrics.jsonl").open("a") as file:
        file.write("nonsense\n")
    (run / "strength.json").write_text("{")
    [games] = (run / "games" / "3x3").iterdir()
    games.write_bytes(b"PAR1 no games here PAR1")
    (run / "ratings.json").write_text("[]")
    (run / OWNER_FILE).write_text("{")
    words = words_of(page_of(run))
    for part in ("metrics.jsonl:5:", "strength.json is damaged", games.name, "ratings.json:1:1"):
        assert part in words, part
    assert "version 7, the newest checkpoint" in words


def test_events_that_a_crash_has_cut_cost_one_line(run: Path) -> None:
    file = run / "events.jsonl"
    file.write_bytes(file.read_bytes() + b'{"time": "20')
    append_event(run, "end", "training is over", 120.0)
    words = words_of(page_of(run))
    assert "player-0 died" in words
    assert "training is over" in words


def test_only_runs_have_a_report(refused) -> None:
    assert "is no run folder" in refused("report", "nowhere")


LOOK = """<!DOCTYPE html><title>look</title><iframe id="page" src="report.html"
 style="width: {width}px; height: 900px"></iframe><script>
const frame = document.getElementById("page");
frame.onload = async () => {{
  const page = frame.contentDocument, seen = {{}};
  const box = (element) => element.getBoundingClientRect();
  const size = (element) => Math.min(box(element).width, box(element).height);
  await Promise.all([...page.images].map((image) => image.decode()));
  seen.charts = [...page.querySelectorAll("svg.chart")].map(size);
  seen.curves = [...page.querySelectorAll("polyline.curve")].map(
    (line) => [line.getTotalLength(), getComputedStyle(line).stroke]);
  seen.boards = [...page.images].map((image) => [image.naturalWidth, size(image)]);
  seen.overflow = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  seen.colours = [getComputedStyle(page.body).color, getComputedStyle(page.body).backgroundColor];
  document.body.textContent = JSON.stringify(seen);
}};
</script>"""


@pytest.mark.process
@pytest.mark.parametrize("width", [1200, 380])
def test_a_browser_shows_curves_and_boards_without_an_error(run: Path, width: int) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no chromium here; the page is only parsed")
    page_of(run)
    (run / "look.html").write_text(LOOK.format(width=width))
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
            "--virtual-time-budget=10000",
            "--enable-logging=stderr",
            f"--user-data-dir={run / 'browser'}",
            "--dump-dom",
            (run / "look.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    body = html5lib.parse(done.stdout).find(f"{XHTML}body")
    seen = json.loads("".join(body.itertext()))
    assert len(seen["charts"]) == 8 - 1  # of held-out games there are no figures
    assert min(seen["charts"]) > 100
    assert all(length > 100 and colour != "none" for length, colour in seen["curves"])
    assert len(seen["boards"]) == 5
    assert all(own > 0 and shown > 0 for own, shown in seen["boards"])
    assert seen["overflow"] <= 0
    assert len(set(seen["colours"])) == 2
