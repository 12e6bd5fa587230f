"""The page without a server (examples/web), in a real browser over a plain file server."""

import hashlib
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from made_checkpoints import CONFIG, TRAINER
from oracle import RED, mover_view, parse_board, random_position, replay, solve
from playwright.sync_api import Browser, Page, expect
from training_rows import random_rows

from hexray.evaluation import Leaves
from hexray.game.fill_in import filled
from hexray.net.evaluator import Evaluator
from hexray.net.kept import ServedNet
from hexray.net.onnx import export_onnx

ROOT = Path(__file__).parent.parent.parent
CHROMIUM, NPM = shutil.which("chromium"), shutil.which("npm")
SHARED = "hexray/web/static"
PAGE = "examples/web"
STATUS = "#status"
WAIT_MS = 60_000
# Knows nothing: every move alike, every position even.
KNOW_NOTHING = (
    "async (boards, size) => boards.map(() => "
    "({ logits: new Float32Array(size * size), value: 0 }))"
)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None or NPM is None, reason="needs chromium and npm"),
    pytest.mark.timeout(400),
]


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *arguments: Any) -> None:
        """Leave the log out."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Lay out what the page needs of the repository, and install what it needs of npm."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / SHARED, root / SHARED)
    own = shutil.ignore_patterns("node_modules", "*.onnx", "package-lock.json")
    shutil.copytree(ROOT / PAGE, root / PAGE, ignore=own)
    modules = _modules((ROOT / PAGE / "package.json").read_bytes(), request)
    (root / PAGE / "node_modules").symlink_to(modules)
    _export(TRAINER.published(), root / PAGE / "model.onnx")
    # A network that calls every position lost for the player to move.
    hopeless = {**TRAINER.published(), "value_out.bias": np.array([-5], np.float32)}
    _export(hopeless, root / PAGE / "hopeless.onnx")
    return root


def _modules(package: bytes, request: pytest.FixtureRequest) -> Path:
    """Install with npm, once for each content of package.json."""
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir(f"examples-web-{hashlib.sha256(package).hexdigest()[:12]}")
    if not (folder / "installed").exists():
        (folder / "package.json").write_bytes(package)
        assert NPM is not None
        command = [NPM, "install", "--no-package-lock", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
        (folder / "installed").touch()
    return folder / "node_modules"


def _export(weights: dict[str, np.ndarray], file: Path) -> None:
    export_onnx(ServedNet(CONFIG, 42, weights, []), file)


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the files as ``python -m http.server`` does; give the address of the page."""
    handler = partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{PAGE}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[tuple[Page, list[str]]]:
    """Open the page and wait for its network; give it and all that goes wrong on it."""
    wrong: list[str] = []
    origin = address.removesuffix(f"{PAGE}/")
    page = browser.new_page()
    page.on("console", lambda said: said.type in ("error", "warning") and wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on(
        "request",
        lambda request: request.url.startswith((origin, "data:")) or wrong.append(request.url),
    )
    page.goto(address)
    expect(page.locator(STATUS)).to_have_text("Your move: Red", timeout=WAIT_MS)
    yield page, wrong
    page.close()


@pytest.fixture
def page(opened: tuple[Page, list[str]]) -> Iterator[Page]:
    """Give the page, on which every test begins a game; nothing may go wrong on it."""
    page, wrong = opened
    yield page
    assert wrong == []


@pytest.fixture(scope="module")
def run_in(browser: Browser, address: str) -> Iterator[Callable[[str, Any], Any]]:
    """Run a function of JavaScript beside the modules of the page, whose policy forbids that."""
    context = browser.new_context(bypass_csp=True)
    opened = context.new_page()
    opened.goto(address)
    yield lambda program, argument: opened.evaluate(program, argument)
    context.close()


def settled(page: Page) -> str:
    """Wait until the network has moved; return what the page says."""
    expect(page.locator(STATUS)).to_have_text(
        re.compile("^Your move|wins|swapped"), timeout=WAIT_MS
    )
    return page.locator(STATUS).inner_text()


def begin(page: Page, size: int, side: str, strength: str = "64", pie: bool = False) -> None:
    page.select_option("#size", str(size))
    page.select_option("#side", side)
    page.select_option("#strength", strength)
    page.set_checked("#pie", pie)
    page.click("#new")


@pytest.mark.parametrize("side", ["red", "blue"])
def test_a_whole_game_is_played_by_clicks(page: Page, side: str) -> None:
    begin(page, 5, side)
    said = settled(page)
    while "wins" not in said:
        page.locator(".cell:not([aria-disabled])").first.click()
        said = settled(page)
    winner = said.split()[0].lower()
    assert said.endswith("you" if winner == side else "the network")
    assert page.locator(f".chain.{winner}").count() == 1
    assert page.locator("#resign").is_disabled()
    page.locator(".cell").first.click(force=True)  # nothing happens any more
    assert settled(page) == said


def test_a_person_who_resigns_has_lost_and_may_take_it_back(page: Page) -> None:
    begin(page, 3, "red")
    page.click("#resign")
    assert settled(page) == "Blue wins: the network"
    page.click("#undo")
    assert settled(page) == "Your move: Red"
    page.click("[data-cell=b2]")
    settled(page)
    assert page.locator("[data-stone]").count() == 2
    page.click("#undo")
    expect(page.locator("[data-stone]")).to_have_count(0)


def test_a_network_that_would_lose_swaps(page: Page, site: Path) -> None:
    page.set_input_files("#file", site / PAGE / "hopeless.onnx")
    expect(page.locator("#about")).to_have_text(
        "hopeless.onnx: version 42, trained on 3x3.", timeout=WAIT_MS
    )
    begin(page, 5, "red", strength="1", pie=True)
    page.click("[data-cell=c2]")
    assert settled(page) == "The network swapped. Your move: Red"
    assert page.locator("[data-stone]").count() == 1
    assert page.locator("[data-stone=blue][data-at=b3]").count() == 1


def test_a_person_may_swap_once(page: Page) -> None:
    begin(page, 4, "blue", pie=True)
    assert settled(page) == "Your move: Blue"
    page.click("#swap")
    assert settled(page) == "Your move: Blue"
    assert page.locator("[data-stone=blue]").count() == 1
    assert page.locator("[data-stone=red]").count() == 1
    assert page.locator("#swap").is_disabled()


def test_what_is_no_network_is_refused_and_the_old_one_stays(page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.onnx").write_bytes(bytes(range(256)))
    page.set_input_files("#file", tmp_path / "notes.onnx")
    expect(page.locator(STATUS)).to_have_text(
        "notes.onnx: this file was not written by hexray export", timeout=WAIT_MS
    )
    begin(page, 3, "red")
    page.click("[data-cell=b2]")
    settled(page)
    assert page.locator("[data-stone]").count() == 2


@pytest.mark.parametrize("size", [2, 5, 11])
def test_the_browser_answers_as_hexray_does(size: int, run_in: Callable[[str, Any], Any]) -> None:
    rows = random_rows(6, size).cells
    said = run_in(
        """async ({ boards, size }) => {
            const { loadNet } = await import("./net.js");
            const file = await (await fetch("model.onnx")).arrayBuffer();
            const { evaluate } = await loadNet(new Uint8Array(file));
            const answers = await evaluate(boards.map((board) => Int8Array.from(board)), size);
            return answers.map(({ logits, value }) => [[...logits], value]);
        }""",
        {"boards": rows.tolist(), "size": size},
    )
    evaluator = Evaluator(CONFIG.net, CONFIG.inference, size)
    evaluator.load(42, TRAINER.published())
    expected = evaluator(Leaves(rows, size))
    np.testing.assert_allclose([value for _, value in said], expected.value, atol=1e-3)
    np.testing.assert_allclose([logits for logits, _ in said], expected.logits, atol=1e-3)


@pytest.mark.parametrize("size", [2, 3, 4, 7])
def test_dead_and_captured_cells_are_filled_as_in_training(
    size: int, run_in: Callable[[str, Any], Any]
) -> None:
    rng = np.random.default_rng(size)
    stones = rng.integers(-1, 2, (100, size * size)) * (rng.random((100, 1)) > rng.random((100, 1)))
    cells = (stones * (rng.random(stones.shape) < 0.6)).astype(np.int8)
    said = run_in(
        """async ({ boards, size }) => {
            const { filled } = await import("./fill.js");
            return boards.map((board) => [...filled(Int8Array.from(board), size)]);
        }""",
        {"boards": cells.tolist(), "size": size},
    )
    np.testing.assert_array_equal(said, filled(cells, size))
    assert (np.array(said) != cells).any()


def searched(
    run_in: Callable[[str, Any], Any], boards: list[list[int]], size: int, simulations: int
) -> list[dict[str, Any]]:
    """Search boards in the mover frame with a network that knows nothing."""
    return run_in(
        f"""async ({{ boards, size, simulations }}) => {{
            const {{ search }} = await import("./search.js");
            const found = [];
            for (const board of boards) {{
                const cells = Int8Array.from(board);
                found.push(await search(cells, size, {KNOW_NOTHING}, simulations));
            }}
            return found;
        }}""",
        {"boards": boards, "size": size, "simulations": simulations},
    )


def test_small_boards_are_searched_to_their_end(run_in: Callable[[str, Any], Any]) -> None:
    rng = Random(5)
    positions = [replay(3, random_position(3, stones, rng)) for stones in (2, 3, 4, 5) * 8]
    boards = [mover_view(cells, to_move, 3) for cells, to_move, _ in positions]
    known: dict[tuple[object, int], int] = {}
    for board, found in zip(boards, searched(run_in, boards, 3, 2000), strict=True):
        expected = solve(board, RED, 3, known)
        assert found["value"] == expected
        assert board[found["move"]] == 0
        after = board.copy()
        after[found["move"]] = RED
        assert solve(after, -RED, 3, known) == -expected


@pytest.mark.parametrize("simulations", [1, 64])
def test_a_move_that_wins_at_once_is_played(
    simulations: int, run_in: Callable[[str, Any], Any]
) -> None:
    drawing = """
        . . R . .
         B . R . .
          . B . B .
           . R B . .
            . R . . .
    """
    found = searched(run_in, [parse_board(drawing)], 5, simulations)[0]
    assert found == {"move": 12, "value": 1}


def test_a_move_that_would_win_at_once_is_not_left_to_the_opponent(
    run_in: Callable[[str, Any], Any],
) -> None:
    drawing = """
        . . . . .
         . . . . .
          B B . B B
           . . . . .
            . . . . R
    """
    found = searched(run_in, [parse_board(drawing)], 5, 64)[0]
    assert found["move"] == 12
