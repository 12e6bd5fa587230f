/** Shows what a network thinks of a position: the chances, and the candidates with their lines. */

import { html } from "./elements.js";
import { lossOf } from "./moves.js";

const LAST_RANK = 4;

/**
 * Put opinions into elements of the page.
 * @param {{ chance: HTMLElement, summary: HTMLElement, list: HTMLElement }} places
 * @param {(move: string | null) => void} onPoint the candidate whose line is wanted
 * @returns {(node: import("./tree.js").Node, candidate: string | null) => void}
 */
export function makeOpinion({ chance, summary, list }, onPoint) {
  const [bar, red, blue] = chance.children;
  let pinned = null;
  const moveAt = (event) => event.target.closest("[data-move]")?.dataset.move ?? null;
  list.addEventListener("click", (event) => {
    const move = moveAt(event);
    pinned = pinned === move ? null : move;
    onPoint(pinned);
  });
  list.addEventListener("pointerover", (event) => onPoint(moveAt(event) ?? pinned));
  list.addEventListener("pointerleave", () => onPoint(pinned));
  let last = null;

  return (node, candidate) => {
    if (node !== last) pinned = null;
    last = node;
    const known = node.redWinrate;
    chance.hidden = known === null;
    if (known !== null) {
      bar.style.width = `${100 * known}%`;
      red.textContent = `Red ${percent(known)}`;
      blue.textContent = `${percent(1 - known)} Blue`;
    }
    summary.textContent = [judgement(node), search(node.opinion)].filter(Boolean).join(" ");
    const moves = node.opinion?.moves ?? [];
    while (list.children.length > moves.length) list.lastChild.remove();
    while (list.children.length < moves.length) list.append(row());
    moves.forEach((move, index) => fill(list.children[index].firstChild, move, candidate));
  };
}

/** Rows are kept from one report to the next, so that the focus on one is not lost. */
function row() {
  const cells = [html("i"), html("b"), html("span"), html("span"), html("span", { class: "pv" })];
  return html("li", {}, html("button", { type: "button" }, ...cells));
}

function fill(button, { move, order, visits, winrate, prior, line }, candidate) {
  const [dot, name, chance, count, pv] = button.children;
  button.dataset.move = move;
  button.setAttribute("aria-pressed", String(move === candidate));
  dot.className = `rank${Math.min(order, LAST_RANK)}`;
  name.textContent = move;
  chance.textContent = percent(winrate);
  count.textContent = String(visits);
  pv.textContent = line.slice(1).join(" ");
  const words = `${move}, ${percent(winrate)}, ${visits} visits, prior ${percent(prior)}`;
  button.setAttribute("aria-label", words);
  button.title = words;
}

function judgement(node) {
  if (!node.judged?.mark) return "";
  return `${node.move} is ${article(node.judged.mark)}: ${lossOf(node)}.`;
}

function article(mark) {
  return `${mark === "inaccuracy" ? "an" : "a"} ${mark}`;
}

function search(opinion) {
  if (!opinion) return "";
  const winner = opinion.proven === 0 ? "" : winnerOf(opinion);
  const certain = winner ? ` ${winner} wins for certain.` : "";
  return `${opinion.simulations.toLocaleString("en")} simulations.${certain}`;
}

function winnerOf({ toMove, proven }) {
  return (toMove === "red") === (proven === 1) ? "Red" : "Blue";
}

function percent(share) {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;
}
