/** The page of `hexray play`: what people do, what then happens, and drawing it. */

import { about, ServerError } from "./api.js";
import { makeBoard } from "./board.js";
import { drawButtons, offerNets } from "./controls.js";
import { amountIn, makeLoad, makeNewGame, makeSave } from "./dialogs.js";
import { makeGraph } from "./graph.js";
import { listenToKeys } from "./keys.js";
import { hashOf, readHash } from "./links.js";
import { listenToLooks, toggleTheme } from "./looks.js";
import { players } from "./memory.js";
import { makeMoves } from "./moves.js";
import { makeOpinion } from "./opinion.js";
import * as state from "./page.js";
import { EMPTY, IllegalMove, RESIGN, SWAP } from "./rules.js";
import { readGame, writeGame } from "./saved.js";
import * as thinking from "./thinking.js";
import { grow, lineOf, newTree, promote, remove, show, sibling } from "./tree.js";
import { makeWork } from "./work.js";

const at = (id) => document.getElementById(id);

const page = state.newPage();
const work = makeWork(drawControls, complain);
const board = makeBoard(at("board"), { onPlay: play, onHover: pointAt });
const drawGraph = makeGraph(at("graph"), (ply) => go(lineOf(page.tree)[ply]));
const drawMoves = makeMoves(at("moves"), go);
const places = { chance: at("chance"), summary: at("summary"), list: at("opinion") };
const drawOpinion = makeOpinion(places, pointAt);
const askForGame = makeNewGame(startGame);
const askForText = makeLoad(load);
const askToSave = makeSave(written);
let progress = "";

// What people do

/** Play a move at the position shown; networks then go on. */
function play(name) {
  if (!state.mayPlay(page)) return;
  if (name === SWAP && !state.maySwapNow(page)) return;
  grow(page.tree, name);
  page.isLive = true;
  moved();
}

/** Show another position; networks wait until somebody plays or presses Play on. */
function go(node) {
  if (!node || node === page.tree.shown) return;
  page.isLive = false;
  if (work.kind() === "move") work.stop();
  show(page.tree, node);
  moved();
}

function startGame({ size, players: wanted, ...rules }) {
  Object.assign(page, { players: wanted, ...rules });
  players.write({ size, players: wanted, ...rules });
  begin(newTree(size), { isLive: true });
}

async function load(text) {
  try {
    const { tree, names } = await readGame(text);
    page.players = { red: state.HUMAN, blue: state.HUMAN };
    begin(tree, { names });
  } catch (error) {
    complainOf(error);
  }
}

async function written(format) {
  try {
    return await writeGame(page, format, location.href);
  } catch (error) {
    complainOf(error);
    return "";
  }
}

/** Show the game behind the `#` of the address; false when there is none. */
function restore() {
  if (location.hash.length < 2) return false;
  try {
    const { size, moves, ply } = readHash(location.hash);
    const tree = newTree(size, moves);
    show(tree, lineOf(tree)[ply]);
    begin(tree, {});
    return true;
  } catch (error) {
    if (!(error instanceof IllegalMove)) throw error;
    complain(`The game in the address cannot be read: ${error.message}.`);
    return false;
  }
}

function begin(tree, { isLive = false, names = { first: "", second: "" } }) {
  work.stop();
  Object.assign(page, { tree, isLive, names });
  moved();
}

// What then happens

/** Draw the position that is now shown, and let networks do what is theirs. */
function moved() {
  page.candidate = null;
  const wasAnalysing = work.kind() === "analyse";
  if (wasAnalysing) work.stop();
  draw();
  const { game } = page.tree.shown;
  history.replaceState(null, "", hashNow());
  if (game.winner !== EMPTY) return;
  if (page.isLive && state.isNetsTurn(page)) letMove();
  else if (work.kind() === "" && (wasAnalysing || at("follow").checked)) analyse();
}

async function letMove() {
  page.isLive = true;
  const isDone = await work.run("move", (signal) => thinking.letMove(page, signal));
  if (isDone) return moved();
  // A failure, or somebody has stopped it: it is for people to go on.
  if (work.kind() === "") page.isLive = false;
  return draw();
}

async function analyse() {
  const node = page.tree.shown;
  if (page.nets.length === 0 || node.game.winner !== EMPTY) return;
  const net = at("net").value;
  const simulations = amountIn(at("simulations"), true);
  const wanted = { net, simulations, seconds: amountIn(at("seconds"), false) };
  await work.run("analyse", (signal) => thinking.analyse(node, wanted, signal, drawThoughts));
}

async function judge() {
  const report = (done, all) => {
    progress = `Judging: ${done} of ${all} positions.`;
    draw();
  };
  // Every position is searched: a thirtieth of an analysis each is as long as a person waits.
  const simulations = Math.max(16, Math.round(amountIn(at("simulations"), true) / 30));
  await work.run("judge", (signal) =>
    thinking.judge(page, at("net").value, simulations, signal, report),
  );
  progress = "";
  draw();
}

function pointAt(move) {
  const isKnown = page.tree.shown.opinion?.moves.some((candidate) => candidate.move === move);
  const wanted = isKnown ? move : null;
  if (wanted === page.candidate) return;
  page.candidate = wanted;
  drawThoughts();
}

function complain(sentence) {
  at("notice").firstElementChild.textContent = sentence;
  at("notice").hidden = false;
}

function complainOf(error) {
  if (!(error instanceof ServerError || error instanceof IllegalMove)) throw error;
  complain(error.message);
}

// Drawing

function draw() {
  drawThoughts();
  drawMoves(page.tree);
  drawControls();
}

/** Draw what changes with every report of a search. */
function drawThoughts() {
  const { shown } = page.tree;
  const isOpen = shown.game.winner === EMPTY;
  const opinion = isOpen ? shown.opinion : null;
  // In a lost position a move that was never tried says nothing.
  const moves = (opinion?.moves ?? []).filter(({ visits, winrate }) => visits > 0 || winrate > 0);
  board.update({
    game: shown.game,
    isUpright: at("upright").checked,
    hasCoordinates: at("coordinates").checked,
    hasNumbers: at("numbers").checked,
    heat: at("heat").checked ? opinion?.policy : null,
    candidates: at("candidates").checked ? moves : [],
    line: moves.find(({ move }) => move === page.candidate)?.line,
  });
  drawOpinion(shown, page.candidate);
  if (progress !== "") at("summary").textContent = progress;
  const line = lineOf(page.tree);
  const points = line.map(({ redWinrate, judged }) => ({ redWinrate, mark: judged?.mark ?? "" }));
  drawGraph({ points, ply: line.indexOf(shown) });
}

function drawControls() {
  drawButtons(page, work.kind());
}

function hashNow() {
  const line = lineOf(page.tree);
  const { size, moves } = line.at(-1).game;
  return hashOf(size, moves, line.indexOf(page.tree.shown));
}

// Wiring

const actions = {
  first: () => go(page.tree.root),
  back: () => go(page.tree.shown.parent),
  forward: () => go(state.following(page.tree.shown)),
  end: () => go(lineOf(page.tree).at(-1)),
  undo: () => go(state.undone(page)),
  redo: () => go(state.redone(page)),
  swap: () => play(SWAP),
  resign: () => play(RESIGN),
  go: letMove,
  analyse,
  judge,
  stop: work.stop,
  promote: () => {
    promote(page.tree.shown);
    draw();
  },
  remove: () => {
    page.isLive = false;
    remove(page.tree, page.tree.shown);
    moved();
  },
  new: () => askForGame(page),
  load: askForText,
  save: askToSave,
  help: () => at("help-dialog").showModal(),
  dismiss: () => {
    at("notice").hidden = true;
  },
  theme: toggleTheme,
};

function listen() {
  for (const [id, action] of Object.entries(actions)) at(id).addEventListener("click", action);
  for (const id of ["heat", "follow"]) {
    at(id).addEventListener("change", () => {
      const isNew = page.tree.shown.opinion === null && work.kind() === "";
      if (at(id).checked && isNew) analyse();
    });
  }
  window.addEventListener("hashchange", restore);
  listenToKeys({
    a: () => at(work.kind() === "analyse" ? "stop" : "analyse").click(),
    ArrowUp: () => go(sibling(page.tree.shown, -1)),
    ArrowDown: () => go(sibling(page.tree.shown, 1)),
  });
}

/** Ask the server what it has; without it, people can still play each other. */
async function meetServer() {
  try {
    const { nets, limits, defaults } = await about();
    Object.assign(page, { nets, limits });
    page.defaultSimulations = defaults?.simulations ?? page.defaultSimulations;
    page.strength.amount = page.defaultSimulations;
  } catch (error) {
    complainOf(error);
  }
  offerNets(at("net"), page);
  [at("simulations").max, at("seconds").max] = [page.limits.simulations, page.limits.seconds];
  [at("simulations").value, at("seconds").value] = [2000, 20];
}

/** Begin with the game of the address, else with one against the first network. */
function beginFirst() {
  const known = (id) => id === state.HUMAN || page.nets.some((net) => net.id === id);
  const net = page.nets[0];
  const kept = players.read({});
  const isKept = known(kept.players?.red) && known(kept.players?.blue);
  if (isKept) {
    const { players: wanted, strength, hasSwap, mayResign = false } = kept;
    Object.assign(page, { players: wanted, strength, hasSwap, mayResign });
  }
  if (restore()) return;
  if (!isKept && net) page.players = { red: state.HUMAN, blue: net.id };
  begin(newTree((isKept && kept.size) || net?.board || 11), { isLive: true });
}

listenToLooks(drawThoughts);
listen();
await meetServer();
beginFirst();
document.documentElement.dataset.ready = "true";
