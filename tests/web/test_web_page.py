"""The page of ``hexray play`` in a real browser, against the real server on this machine."""

import re
import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from hexray.evaluation import know_nothing
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.notation import move_name
from hexray.game.shown import winning_chain
from hexray.htp.game import SWAP, Game, parse_point, point_name
from hexray.web.app import Served, make_app
from hexray.web.files import page_files
from hexray.web.guard import guarded
from hexray.web.nets import Net, ReadyNets
from hexray.web.searches import Searches

CHROMIUM = shutil.which("chromium")
PHONE = {"width": 360, "height": 740}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve two networks that know nothing, and give the address of the page."""
    nets = [Net("1", "one", 5, (5,), lambda: know_nothing)]
    nets.append(Net("2", "other", 5, (5,), lambda: know_nothing))
    app = make_app(Served(nets, Searches(), ReadyNets(), page_files(), 16))
    config = uvicorn.Config(
        guarded(app, frozenset({"localhost"}), False),
        port=0,
        log_level="error",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join()


class Visit:
    """A page of its own in the browser, and all that went wrong on it."""

    def __init__(self, browser: Browser, address: str, **device: Any) -> None:
        """Watch the page; ``device`` is what the browser pretends to be."""
        self.address, self.wrong = address, []
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **device})
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("request", self._see)

    def open(self, link: str = "") -> Page:
        """Open the page with what stands behind ``#``."""
        self.page.goto("about:blank")
        self.page.goto(self.address + link)
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def _see(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "about:", "blob:")):
            self.wrong.append(f"asks {request.url}")


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Visit the page; nothing may go wrong on it, and nobody else may be asked."""
    visit = Visit(browser, address)
    yield visit
    visit.page.context.close()
    assert visit.wrong == []


def status(page: Page, words: str) -> None:
    """Wait until the status holds these words, a regular expression."""
    expect(page.locator("#status")).to_have_text(re.compile(words))


def cell(page: Page, name: str) -> Any:
    """Return a cell of the board."""
    return page.locator(f'[data-cell="{name}"]')


def new_game(page: Page, size: int, red: str, blue: str, simulations: int = 8) -> None:
    """Begin a game; ``human`` or the id of a network plays a colour."""
    page.click("#new")
    page.select_option("#size", str(size))
    page.select_option("#player-red", red)
    page.select_option("#player-blue", blue)
    page.fill("#amount", str(simulations))
    page.click("#start")


def played_on(page: Page) -> Game:
    """Play over, in Python, what the address of the page says."""
    size, _, moves = page.url.partition("#")[2].partition(",")
    game = Game(int(size))
    for token in re.findall(r":s|[a-z]\d+", moves):
        colour = RED if len(game.plies) % 2 == 0 else BLUE
        game.play(colour, SWAP if token == ":s" else parse_point(token, game.size))
    return game


def stones(page: Page) -> dict[str, str]:
    """Return the colours of the stones on the page by their cells."""
    found = page.locator("[data-stone]").evaluate_all(
        "all => all.map(stone => [stone.dataset.at, stone.dataset.stone])"
    )
    return dict(found)


def stones_of(game: Game) -> dict[str, str]:
    """Return the colours of the stones of a game by their cells."""
    colours = {RED: "red", BLUE: "blue"}
    cells = game.board.cells[0]
    return {move_name(int(at), game.size): colours[int(cells[at])] for at in np.flatnonzero(cells)}


def random_game(size: int, rng: np.random.Generator) -> Game:
    """Play at random to the end, with a swap in every other game."""
    game = Game(size)
    while game.winner == EMPTY:
        colour = RED if len(game.plies) % 2 == 0 else BLUE
        if game.may_swap(colour) and rng.random() < 0.5:
            game.play(colour, SWAP)
        else:
            game.play(colour, int(rng.choice(np.flatnonzero(game.board.cells[0] == EMPTY))))
    return game


def chain_length(game: Game) -> int:
    """Count the stones of a shortest winning chain."""
    return len(winning_chain(game.size, game.board.cells[0]))


def test_games_go_in_the_browser_as_in_python(visit: Visit) -> None:
    rng = np.random.default_rng(11)
    games = [random_game(size, rng) for size in range(2, 14) for _ in range(12)]
    asked = [
        {"size": game.size, "moves": [point_name(ply.point, game.size) for ply in game.plies]}
        for game in games
    ]
    found = visit.open().evaluate(
        """async (games) => {
          const rules = await import("/static/rules.js");
          return games.map(({ size, moves }) => {
            const game = rules.newGame(size, moves);
            const before = rules.undo(game);
            return [game.winner, rules.chain(game).length, [...game.cells], before.winner];
          });
        }""",
        asked,
    )
    for game, told in zip(games, found, strict=True):
        cells = game.board.cells[0].tolist()
        assert told == [game.winner, chain_length(game), cells, EMPTY]


def test_the_rules_refuse_what_python_refuses(visit: Visit) -> None:
    games = [
        (1, []),
        (20, []),
        (3, ["a1", "a1"]),
        (3, ["d1"]),
        (3, ["a4"]),
        (3, ["a0"]),
        (3, ["swap-pieces"]),
        (3, ["a1", "b2", "swap-pieces"]),
        (2, ["a1", "b2", "a2", "b1"]),
        (3, ["resign", "a1"]),
    ]
    refused = visit.open().evaluate(
        """async (games) => {
          const { IllegalMove, newGame } = await import("/static/rules.js");
          return games.map(([size, moves]) => {
            try { newGame(size, moves); return "legal" } catch (error) {
              return error instanceof IllegalMove;
            }
          });
        }""",
        games,
    )
    assert refused == [True] * len(games)


def test_a_whole_game_is_played_by_clicks_against_a_network_with_a_swap(visit: Visit) -> None:
    page = visit.open()
    new_game(page, 5, red="1", blue="human")
    status(page, "Blue to move, or swap")
    [(opening, colour)] = stones(page).items()
    assert colour == "red"
    page.click("#swap")
    status(page, "Blue to move")
    expect(page.locator("#swap")).to_be_hidden()
    row, column = int(opening[1:]), ord(opening[0]) - ord("a")
    mirror = f"{chr(ord('a') + row - 1)}{column + 1}"
    assert stones(page)[mirror] == "blue"
    while page.locator("#resign").is_enabled():
        page.locator("[data-cell]:not([aria-disabled])").first.click()
        status(page, "Blue to move|won")
    game = played_on(page)
    assert game.winner != EMPTY
    assert stones(page) == stones_of(game)
    status(page, f"{'Red' if game.winner == RED else 'Blue'} has won.* {chain_length(game)} stones")
    expect(page.locator(".chain")).to_have_count(1)


def test_a_network_swaps_a_first_move_that_wins(visit: Visit) -> None:
    page = visit.open()
    new_game(page, 3, red="human", blue="1", simulations=64)
    cell(page, "b2").click()
    status(page, "Red to move")
    assert stones(page) == {"b2": "blue"}


def test_networks_play_each_other_to_the_end(visit: Visit) -> None:
    page = visit.open()
    new_game(page, 3, red="1", blue="2")
    status(page, "has won")
    assert played_on(page).winner != EMPTY


def test_undo_and_redo_lead_to_where_people_are_to_move(visit: Visit) -> None:
    page = visit.open()
    new_game(page, 5, red="human", blue="1")
    cell(page, "a1").click()
    status(page, "Red to move")
    before = stones(page)
    cell(page, "d4" if "e5" in before else "e5").click()
    status(page, "Red to move")
    after = stones(page)
    page.click("#undo")
    assert stones(page) == before
    page.click("#redo")
    assert stones(page) == after


def test_an_analysis_appears_and_can_be_stopped(visit: Visit) -> None:
    page = visit.open("#11,f6")
    page.fill("#simulations", "20000")
    page.fill("#seconds", "60")
    page.click("#status")
    page.keyboard.press("a")
    expect(page.locator("[data-candidate]").first).to_be_visible()
    page.hover("#opinion button >> nth=0")
    expect(page.locator("[data-ghost]").first).to_be_visible()
    page.check("#heat")
    expect(page.locator("polygon.heat").first).to_be_visible()
    page.click("#stop")
    expect(page.locator("#stop")).to_be_disabled()
    expect(page.locator("#analyse")).to_be_enabled()
    done = re.match(r"[\d,]+", page.inner_text("#summary"))
    assert done
    assert 0 < int(done[0].replace(",", "")) < 20_000


def test_a_game_is_judged_and_its_mistakes_are_marked(visit: Visit) -> None:
    # On 2x2 the first move wins on the short diagonal, and loses in an acute corner.
    page = visit.open("#2,a1")
    page.click("#judge")
    expect(page.locator("#judge")).to_be_enabled()
    expect(page.locator("#moves [data-mark=blunder]")).to_have_text(re.compile(r"a1\?\?"))
    expect(page.locator("#graph [data-mark=blunder]")).to_have_count(1)


SGF = "(;FF[4]GM[11]SZ[5];B[c3];W[swap-pieces];B[d2];W[b4];B[a5])"


@pytest.mark.parametrize("form", ["sgf", "trmph", "hexworld"])
def test_a_game_is_loaded_walked_through_saved_and_loaded_again(visit: Visit, form: str) -> None:
    page = visit.open()
    page.click("#load")
    page.fill("#load-text", SGF)
    page.click("#load-go")
    status(page, "Blue to move")
    end = {"c3": "blue", "d2": "red", "b4": "blue", "a5": "red"}
    assert stones(page) == end
    page.keyboard.press("Home")
    assert stones(page) == {}
    page.keyboard.press("ArrowRight")
    assert stones(page) == {"c3": "red"}
    page.locator("#moves [data-node]", has_text="b4").click()
    assert stones(page) == {"c3": "blue", "d2": "red", "b4": "blue"}
    graph = page.locator(".graph").bounding_box()
    assert graph is not None
    page.mouse.click(graph["x"] + graph["width"] - 2, graph["y"] + graph["height"] / 2)
    assert stones(page) == end
    saved = save(page, form)
    page.click("#load")
    page.fill("#load-text", saved)
    page.click("#load-go")
    assert save(page, form) == saved
    assert stones(page) == end


def save(page: Page, form: str) -> str:
    """Save the game in a format, and return the text."""
    page.click("#save")
    page.select_option("#save-format", form)
    expect(page.locator("#save-text")).not_to_have_value("")
    text = page.input_value("#save-text")
    page.click("#save-dialog button[value=cancel]")
    return text


def test_another_move_in_the_past_begins_a_variation(visit: Visit) -> None:
    page = visit.open("#5,c3d4b2")
    page.keyboard.press("ArrowLeft")
    cell(page, "e5").click()
    assert stones(page) == {"c3": "red", "d4": "blue", "e5": "red"}
    expect(page.locator(".variation [data-node]")).to_have_text("3e5")
    expect(page.locator(".on-main")).to_have_text(["Start", "1c3", "2d4", "3b2"])
    page.keyboard.press("ArrowUp")
    assert stones(page) == {"c3": "red", "d4": "blue", "b2": "red"}
    page.keyboard.press("ArrowDown")
    page.click("#promote")
    expect(page.locator(".on-main")).to_have_text(["Start", "1c3", "2d4", "3e5"])
    page.click("#remove")
    expect(page.locator("#moves [data-node]")).to_have_text(["Start", "1c3", "2d4", "3b2"])


def tree_shown(page: Page) -> str:
    """Return how the tree is drawn, whatever position is shown."""
    drawn = page.locator("#moves").inner_html()
    return re.sub(r' (?:data-node="\d+"|aria-current="step")', "", drawn)


def test_a_game_is_saved_with_its_variations_and_loaded_as_the_same_tree(visit: Visit) -> None:
    page = visit.open("#5,c3d4b2")
    page.keyboard.press("ArrowLeft")
    for name in ("e5", "a5"):
        cell(page, name).click()
    page.click("#resign")
    page.locator("#moves [data-node]", has_text="d4").click()
    cell(page, "a1").click()
    page.locator("#moves [data-node]", has_text="c3").click()
    page.click("#swap")
    page.keyboard.press("Home")
    cell(page, "b4").click()
    drawn = tree_shown(page)
    expect(page.locator(".variation")).to_have_count(4)
    saved = save(page, "sgf")
    assert saved == (
        "(;FF[4]GM[11]SZ[5](;B[c3](;W[d4](;B[b2])(;B[e5];W[a5];B[resign])\n"
        "(;B[a1]))(;W[swap-pieces]))(;B[b4]))\n"
    )
    assert save(page, "trmph") == "#5,b4"
    page.reload()
    page.click("#load")
    page.fill("#load-text", saved)
    page.click("#load-go")
    expect(page.locator(".variation")).to_have_count(4)
    assert tree_shown(page) == drawn
    assert stones(page) == {"c3": "red", "d4": "blue", "b2": "red"}
    assert save(page, "sgf") == saved


def test_a_result_that_only_the_file_tells_stands_at_its_end_alone(visit: Visit) -> None:
    page = visit.open()
    page.click("#load")
    page.fill("#load-text", "(;GM[11]SZ[5]RE[B+Time];B[c3](;W[d4])(;W[a1];B[b1]))")
    page.click("#load-go")
    status(page, "Red has won, as the file says")
    assert "RE[B+" in save(page, "sgf")
    page.locator("#moves [data-node]", has_text="b1").click()
    status(page, "Blue to move")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.locator("#moves [data-node]", has_text="d4").click()
    cell(page, "e5").click()
    status(page, "Blue to move")


@pytest.mark.parametrize("may_resign", [False, True])
def test_a_network_resigns_a_lost_game_only_where_it_may(visit: Visit, may_resign: bool) -> None:
    page = visit.open()
    page.click("#new")
    page.uncheck("#pie")
    page.set_checked("#may-resign", may_resign)
    page.click("#new-dialog button[value=cancel]")
    page.click("#new")
    expect(page.locator("#may-resign")).not_to_be_checked()
    page.uncheck("#pie")
    page.set_checked("#may-resign", may_resign)
    page.select_option("#size", "2")
    page.select_option("#player-blue", "1")
    page.click("#start")
    cell(page, "b1").click()  # whatever Blue does, a2 or b2 joins top and bottom
    status(page, "Red has won: Blue has resigned" if may_resign else "Red to move")


def test_a_deep_variation_can_still_be_read_and_clicked(visit: Visit) -> None:
    names = [f"{column}{row}" for row in range(1, 8) for column in "abcdefg"]
    deepest = ""
    for depth in reversed(range(20)):
        colour = "BW"[depth % 2]
        deepest = f"(;{colour}[{names[2 * depth]}])(;{colour}[{names[2 * depth + 1]}]{deepest})"
    page = visit.open()
    page.click("#load")
    page.fill("#load-text", f"(;GM[11]SZ[7]{deepest})")
    page.click("#load-go")
    last = page.locator("#moves [data-node]", has_text=names[39])
    last.click()
    assert len(stones(page)) == 20
    size = last.evaluate("button => parseFloat(getComputedStyle(button).fontSize)")
    assert size >= 12
    whole, own = page.locator("#moves").bounding_box(), last.bounding_box()
    assert whole is not None
    assert own is not None
    assert own["x"] + own["width"] <= whole["x"] + whole["width"]


def test_a_game_that_cannot_be_saved_is_not_copied_or_downloaded_as_nothing(visit: Visit) -> None:
    page = visit.open("#5,c3")
    answer = {"status": 400, "json": {"error": "more than 5000 positions; delete some"}}
    page.route("**/api/write", lambda route: route.fulfill(**answer))
    page.click("#save")
    expect(page.locator("#notice")).to_contain_text("more than 5000 positions")
    expect(page.locator("#download")).to_be_disabled()
    expect(page.locator("#copy")).to_be_disabled()
    page.select_option("#save-format", "link")
    expect(page.locator("#download")).to_be_enabled()
    visit.wrong.clear()  # the browser itself reports every answer that is an error


def test_a_text_that_is_too_long_is_refused_before_it_is_sent(visit: Visit) -> None:
    page = visit.open("#5,c3")
    page.click("#load")
    long = {"name": "games.sgf", "mimeType": "text/plain", "buffer": b"(" * 70_000}
    page.set_input_files("#load-file", [long])  # pyright: ignore[reportArgumentType]
    assert page.input_value("#load-text") == ""
    page.fill("#load-text", "(" * 70_000)
    page.click("#load-go")
    expect(page.locator("#notice")).to_contain_text("longer than 60 kB; load one game")
    assert stones(page) == {"c3": "red"}


def test_judging_a_game_does_not_replace_what_an_analysis_has_found(visit: Visit) -> None:
    page = visit.open("#3,b2a1")
    page.fill("#simulations", "2000")
    page.click("#analyse")
    expect(page.locator("#analyse")).to_be_enabled()
    chance = page.inner_text("#chance")
    page.route("**/api/judge", lambda route: route.fulfill(body=JUDGED, content_type=EVENTS))
    page.click("#judge")
    expect(page.locator("#moves [data-mark=blunder]")).to_have_text(re.compile("b2"))
    assert page.inner_text("#chance") == chance
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#chance")).to_contain_text("Red 25%")


EVENTS = "text/event-stream"
JUDGED = (
    "".join(
        f'data: {{"ply": {ply}, "redWinrate": 0.25, "best": "", "loss": 0.5, "mark": "{mark}"}}\n\n'
        for ply, mark in enumerate(("blunder", "", ""))
    )
    + "event: end\ndata: {}\n\n"
)


def test_a_link_restores_its_game_and_the_position_shown(visit: Visit) -> None:
    page = visit.open("#5,c3:sd4,b2:rb")
    assert page.url.endswith("#5,c3:sd4,b2:rb")
    assert stones(page) == {"c3": "blue", "d4": "red"}
    page.keyboard.press("End")
    status(page, "Blue has won: Red has resigned")
    page.reload()
    status(page, "Blue has won: Red has resigned")


def test_broken_links_are_refused(visit: Visit) -> None:
    links = [
        "#x",
        "#1,",
        "#20,a1",
        "#5,c3c3",
        "#5,z9",
        "#5,c3:x",
        "#5,%",
        "#5,,,",
        "#5,:s",
        "#5,:rw",
    ]
    refused = visit.open().evaluate(
        """async (links) => {
          const { IllegalMove } = await import("/static/rules.js");
          const { readHash } = await import("/static/links.js");
          return links.map((link) => {
            try { readHash(link); return "read" } catch (error) {
              return error instanceof IllegalMove;
            }
          });
        }""",
        links,
    )
    assert refused == [True] * len(links)


def test_a_broken_link_gives_a_message_and_a_page_that_works(visit: Visit) -> None:
    page = visit.open("#5,c3c3")
    expect(page.locator("#notice")).to_contain_text("c3 is occupied")
    page.click("#dismiss")
    expect(page.locator("#notice")).to_be_hidden()
    cell(page, "a1").click()
    assert "a1" in stones(page)


def test_an_error_of_the_server_is_shown_and_play_goes_on(visit: Visit) -> None:
    page = visit.open()
    new_game(page, 5, red="human", blue="1")
    answer = {"status": 503, "json": {"error": "32 searches wait already; try again soon"}}
    page.route("**/api/move", lambda route: route.fulfill(**answer))
    cell(page, "a1").click()
    expect(page.locator("#notice")).to_contain_text("32 searches wait already")
    page.click("#dismiss")
    expect(page.locator("#notice")).to_be_hidden()
    page.unroute("**/api/move")
    page.click("#go")
    status(page, "Red to move")
    assert len(stones(page)) in (1, 2)
    assert [words for words in visit.wrong if "503" not in words] == []
    visit.wrong.clear()  # the browser itself reports every answer that is an error


def test_the_board_is_played_by_keys(visit: Visit) -> None:
    page = visit.open("#5,")
    page.focus('[data-cell="c3"]')
    for key in ("ArrowUp", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert stones(page) == {"b2": "red"}
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    assert stones(page) == {}
    page.keyboard.press("?")
    expect(page.locator("#help-dialog")).to_be_visible()


def test_a_phone_shows_the_whole_board_and_buttons_to_touch(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, viewport=PHONE, has_touch=True, is_mobile=True)
    page = visit.open("#11,f6g5")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    board = page.locator("svg.board").bounding_box()
    assert board is not None
    assert board["x"] >= 0
    assert board["x"] + board["width"] <= PHONE["width"]
    assert board["height"] <= PHONE["height"]
    for button in page.locator("button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 40
        assert box["width"] >= 40
    cell(page, "c9").tap()
    assert stones(page)["c9"] == "red"
    assert visit.wrong == []
    page.context.close()


@pytest.mark.parametrize("size", [2, 19])
def test_the_smallest_and_the_largest_board_are_drawn(visit: Visit, size: int) -> None:
    page = visit.open(f"#{size},")
    expect(page.locator("[data-cell]")).to_have_count(size * size)
    last = move_name(size * size - 1, size)
    cell(page, last).click()
    assert stones(page) == {last: "red"}
