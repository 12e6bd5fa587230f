/**
 * Thinks beside the page, so that it stays alive. One message is answered at a time:
 * `{ id, net: Uint8Array }` by `{ id, about }`, and `{ id, position, simulations, isOpening }` by
 * `{ id, move, value }`, mover frame; either by `{ id, error }`. A message that comes while a
 * search goes on ends it.
 */

import { loadNet } from "./net.js";
import { evenOpening, search } from "./search.js";

const BREATHE_MS = 50;
let net = null;
let newest = 0;

onmessage = async ({ data }) => {
  newest = data.id;
  try {
    postMessage({ id: data.id, ...(data.net ? await load(data.net) : await think(data)) });
  } catch (error) {
    postMessage({ id: data.id, error: error.message });
  }
};

async function load(bytes) {
  net = await loadNet(bytes);
  return { about: net.about };
}

async function think({ id, position, simulations, isOpening }) {
  const { cells, size } = position;
  if (isOpening) return evenOpening(size, net.evaluate);
  let breathed = performance.now();
  return search(cells, size, net.evaluate, simulations, async () => {
    if (performance.now() - breathed > BREATHE_MS) {
      await new Promise((resolve) => setTimeout(resolve)); // lets messages come in
      breathed = performance.now();
    }
    return newest === id;
  });
}
