/** The page: one game between a person and the network, from the settings to the last stone. */

import { makeBoard } from "../../hexray/web/static/board.js";
import {
  BLUE, EMPTY, MAX_SIZE, MIN_SIZE, RED, RESIGN, SWAP, maySwap, nameOf, newGame, play, undo,
} from "../../hexray/web/static/rules.js";
import { after, mirror } from "./search.js";

const DEFAULT_SIZE = 7;
const BROKEN = "networks cannot run here; has npm install been run beside this page?";
const NAMES = { [RED]: "Red", [BLUE]: "Blue" };
const element = (id) => document.getElementById(id);

const narrow = matchMedia("(max-width: 800px)");
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const board = makeBoard(element("board"), { onPlay: playHere });
const waiting = new Map();

let lastId = 0;
let isBroken = false; // the worker did not start
let trainedOn = []; // empty until a network is there
let game = newGame(DEFAULT_SIZE);
let settings = { side: RED, strength: 64, hasPie: true };
let isThinking = false;
let chance = null; // of Red to win, as the network found at its last move
let message = "";

worker.onmessage = ({ data }) => {
  waiting.get(data.id)?.(data);
  waiting.delete(data.id);
};
worker.onerror = () => {
  isBroken = true;
  for (const answer of waiting.values()) answer({ error: BROKEN });
  waiting.clear();
};
element("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
element("size").addEventListener("change", noteSize);
element("undo").addEventListener("click", takeBack);
element("swap").addEventListener("click", () => playHere(SWAP));
element("resign").addEventListener("click", () => playHere(RESIGN));
element("file").addEventListener("change", async ({ target }) => {
  if (target.files.length) await useNet(await target.files[0].arrayBuffer(), target.files[0].name);
});
narrow.addEventListener("change", draw);

for (let size = MIN_SIZE; size <= MAX_SIZE; size += 1) {
  element("size").append(new Option(`${size} x ${size}`, size));
}
draw();
await useNetBeside();

async function useNetBeside() {
  const answer = await fetch("model.onnx", { cache: "no-cache" }); // it may be newer now
  if (answer.ok) await useNet(await answer.arrayBuffer(), "model.onnx");
  else say("Put a network beside this page as model.onnx, or choose a file.");
}

/** Take over a file of `hexray export` and begin a game with it. */
async function useNet(buffer, name) {
  say("Loading the network");
  const { about, error } = await ask({ net: new Uint8Array(buffer) });
  if (error) return say(`${name}: ${error}`);
  trainedOn = about.boards.split(" ").map(Number);
  const boards = trainedOn.map((size) => `${size}x${size}`).join(", ");
  element("about").textContent = `${name}: version ${about.version}, trained on ${boards}.`;
  element("size").value = trainedOn.at(-1);
  noteSize();
  begin();
}

function begin() {
  settings = {
    side: element("side").value === "red" ? RED : BLUE,
    strength: Number(element("strength").value),
    hasPie: element("pie").checked,
  };
  chance = null;
  goOn(newGame(Number(element("size").value)));
}

/** A move of the person: a cell's name, SWAP or RESIGN. */
function playHere(move) {
  if (isPersonsTurn()) goOn(play(game, move));
}

/** Take back to the person's last own move; not before the network's first. */
function takeBack() {
  let earlier = game;
  do earlier = undo(earlier);
  while (earlier.moves.length > 0 && earlier.turn !== settings.side);
  goOn(earlier);
}

/** Show a new state of the game, and let the network move when it is its turn. */
async function goOn(next) {
  game = next;
  message = "";
  isThinking = trainedOn.length > 0 && game.winner === EMPTY && game.turn !== settings.side;
  draw();
  if (!isThinking) return;
  const { move, value, error } = await think();
  if (game !== next) return; // a new game, or a move taken back meanwhile
  isThinking = false;
  if (error) return say(error);
  chance = (1 + value * game.turn) / 2;
  const isSwap = settings.hasPie && maySwap(game) && value < 0;
  if (isSwap) goOn(play(game, SWAP));
  else goOn(play(game, nameOf(game.turn === RED ? move : mirror(move, game.size), game.size)));
}

function think() {
  const cells = game.turn === RED ? game.cells : after(game.cells, -1, game.size);
  return ask({
    position: { cells, size: game.size },
    simulations: settings.strength,
    isOpening: game.moves.length === 0 && settings.hasPie,
  });
}

/** Ask the worker; returns its answer, or why there is none as `error`. */
async function ask(request) {
  if (isBroken) return { error: BROKEN };
  lastId += 1;
  worker.postMessage({ id: lastId, ...request });
  return new Promise((resolve) => waiting.set(lastId, resolve));
}

function isPersonsTurn() {
  return trainedOn.length > 0 && game.winner === EMPTY && game.turn === settings.side;
}

function say(text) {
  message = text;
  draw();
}

function noteSize() {
  const isKnown = trainedOn.includes(Number(element("size").value));
  element("note").textContent = isKnown ? "" : "The network was not trained on this size.";
}

function draw() {
  board.update({ game, isUpright: narrow.matches });
  element("status").textContent = message || status();
  element("undo").disabled = !game.moves.some((_, ply) => (ply % 2 ? BLUE : RED) === settings.side);
  element("swap").disabled = !(isPersonsTurn() && settings.hasPie && maySwap(game));
  element("resign").disabled = !isPersonsTurn();
  element("new").disabled = trainedOn.length === 0;
  element("chance").classList.toggle("unknown", chance === null);
  if (chance === null) return;
  const percent = Math.round(100 * chance);
  element("chance").querySelector("i").style.width = `${percent}%`;
  element("chance").querySelector("span").textContent = `Red ${percent} %, Blue ${100 - percent} %`;
}

function status() {
  if (game.winner !== EMPTY) {
    return `${NAMES[game.winner]} wins: ${game.winner === settings.side ? "you" : "the network"}`;
  }
  if (isThinking) return "The network is thinking";
  const swapped = game.moves.at(-1) === SWAP ? "The network swapped. " : "";
  return `${swapped}Your move: ${NAMES[game.turn]}`;
}
