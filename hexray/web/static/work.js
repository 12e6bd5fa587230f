/** Does one piece of work with the server at a time; a new one stops the one before. */

import { ServerError, wasStopped } from "./api.js";
import { IllegalMove } from "./rules.js";

/**
 * @param {() => void} onChange called when work begins and ends
 * @param {(reason: string) => void} onFailure called with a sentence when the server refuses
 */
export function makeWork(onChange, onFailure) {
  let now = null;

  /** End the work that goes on, if any. */
  function stop() {
    if (now === null) return;
    now.controller.abort();
    now = null;
    onChange();
  }

  /**
   * Begin a piece of work.
   * @param {string} kind
   * @param {(signal: AbortSignal) => Promise<void>} task
   * @returns {Promise<boolean>} whether it came to its end
   */
  async function run(kind, task) {
    now?.controller.abort();
    const own = { kind, controller: new AbortController() };
    now = own;
    onChange();
    let isDone = false;
    try {
      await task(own.controller.signal);
      isDone = now === own;
    } catch (error) {
      if (error instanceof ServerError || error instanceof IllegalMove) {
        if (now === own) onFailure(error.message);
      } else if (!wasStopped(error)) throw error;
    } finally {
      if (now === own) {
        now = null;
        onChange();
      }
    }
    return isDone;
  }

  /** What goes on: the kind of a piece of work, or empty. */
  return { run, stop, kind: () => now?.kind ?? "" };
}
