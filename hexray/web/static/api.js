/**
 * Asks the server of the page.
 *
 * Every request says the whole game. A request ends early when its signal is aborted: the promise
 * is then rejected with an `AbortError`, which `wasStopped` recognizes.
 */

/** What the server, or the way to it, has refused; the message is a sentence for people. */
export class ServerError extends Error {}

/** Say whether an error means that we ended the request ourselves. @param {unknown} error */
export function wasStopped(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * Ask what the server offers: networks and limits.
 * @returns {Promise<object>}
 * @throws {ServerError}
 */
export async function about() {
  return (await answered("/api/about", {})).json();
}

/**
 * Send a request and return its answer.
 * @param {string} path
 * @param {object} body
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {ServerError}
 */
export async function ask(path, body, signal) {
  const answer = await (await answered(path, posted(body, signal))).json();
  signal?.throwIfAborted();
  return answer;
}

/**
 * Send a request and hand over each report of its stream, the last one included.
 * @param {string} path
 * @param {object} body
 * @param {AbortSignal} signal
 * @param {(report: any) => void} onReport
 * @returns {Promise<void>} settled at the end of the stream
 * @throws {ServerError} also when the stream breaks off
 */
export async function follow(path, body, signal, onReport) {
  const response = await answered(path, posted(body, signal));
  const split = splitter();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reading(reader);
    if (done) throw new ServerError("the server broke off; try again");
    for (const { kind, data } of split(decoder.decode(value, { stream: true }))) {
      signal.throwIfAborted();
      const report = data === "" ? null : JSON.parse(data);
      if (kind === "error") throw new ServerError(report?.error ?? "the server has failed");
      if (report !== null && Object.keys(report).length > 0) onReport(report);
      if (kind === "end") return;
    }
  }
}

/**
 * Split a text/event-stream, given piece by piece, into its events.
 * @returns {(piece: string) => { kind: string, data: string }[]} events that a piece completes
 */
export function splitter() {
  let rest = "";
  return (piece) => {
    const blocks = (rest + piece).replace(/\r\n/g, "\n").split("\n\n");
    rest = blocks.pop();
    return blocks.map(eventOf).filter(({ kind, data }) => kind !== "message" || data !== "");
  };
}

function eventOf(block) {
  const lines = block.split("\n");
  const values = (field) =>
    lines
      .filter((line) => line.startsWith(`${field}:`))
      .map((line) => line.slice(field.length + 1).replace(/^ /, ""));
  return { kind: values("event").at(-1) ?? "message", data: values("data").join("\n") };
}

function posted(body, signal) {
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(body), signal };
}

async function answered(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error instanceof TypeError) throw new ServerError("the server does not answer; is it running?");
    throw error;
  }
  if (!response.ok) throw new ServerError(await reasonOf(response));
  return response;
}

/** `fetch` and its streams say TypeError when the network fails. */
async function reading(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error instanceof TypeError) throw new ServerError("the server broke off; try again");
    throw error;
  }
}

async function reasonOf(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error ?? text;
  } catch (error) {
    if (error instanceof SyntaxError) return `the server answers ${response.status}`;
    throw error;
  }
}
