/**
 * The network: a file of `hexray export`, run by ONNX Runtime on the CPU, in one thread.
 *
 * @typedef {object} Answer
 * @property {Float32Array} logits of the cells, mover frame
 * @property {number} value in [-1, 1], 1 = the player to move wins
 *
 * @typedef {(boards: Int8Array[], size: number) => Promise<Answer[]>} Evaluate
 */

import { filled } from "./fill.js";
import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs";

// More threads would need headers that a plain file server does not send.
ort.env.wasm.numThreads = 1;

const FORMAT = "hexray-net-1";
const WASTED = -20; // the logit of a cell that fill-in leaves no part in the game
const METADATA = 14; // of ModelProto in onnx.proto; an entry is its key (1) and value (2)

/**
 * Make a network ready to be asked.
 * @param {Uint8Array} bytes content of the file
 * @returns {Promise<{ about: Record<string, string>, evaluate: Evaluate }>} what the file says of
 *   itself, and a function that takes boards in the mover frame (1 own, -1 the opponent's)
 */
export async function loadNet(bytes) {
  const about = metadataOf(bytes);
  if (about.format !== FORMAT) throw new Error("this file was not written by hexray export");
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });

  async function evaluate(boards, size) {
    const area = size * size;
    const seen = new Int8Array(boards.length * area);
    boards.forEach((board, row) => seen.set(filled(board, size), row * area));
    const cells = new ort.Tensor("int8", seen, [boards.length, size, size]);
    const { logits, value } = await session.run({ cells });
    return boards.map((board, row) => ({
      logits: logits.data
        .slice(row * area, (row + 1) * area)
        .map((logit, cell) => (seen[row * area + cell] === board[cell] ? logit : WASTED)),
      value: value.data[row],
    }));
  }

  return { about, evaluate };
}

/**
 * Read what an ONNX file says of itself.
 * @param {Uint8Array} bytes
 * @returns {Record<string, string>} empty for what is no ONNX file
 */
export function metadataOf(bytes) {
  const text = new TextDecoder();
  const entries = [...fields(bytes)]
    .filter(([number]) => number === METADATA)
    .map(([, entry]) => [...fields(entry)].map(([, part]) => text.decode(part)));
  return Object.fromEntries(entries);
}

/** Go through the fields of a protobuf message that have a length; yields number and content. */
function* fields(bytes) {
  let at = 0;
  const integer = () => {
    let [result, factor] = [0, 1];
    while (at < bytes.length) {
      const byte = bytes[at++];
      result += (byte & 127) * factor;
      if (byte < 128) break;
      factor *= 128;
    }
    return result;
  };
  while (at < bytes.length) {
    const tag = integer();
    const [number, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === 0) integer();
    else if (kind === 2) {
      const length = integer();
      yield [number, bytes.subarray(at, at + length)];
      at += length;
    } else return;
  }
}
